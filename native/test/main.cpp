// Runs the tests of the core and the kernels: all, or those whose names contain an argument; after --part=1/2 every
// second of them from the first on, after --part=2/2 the others, so that two processes share them.
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "check.h"

namespace likewise::test {

namespace {

constexpr int64_t shown_failures = 20;  // of one test

Registration* first = nullptr;
int64_t checks = 0;
int64_t failures = 0;

struct Part {
  int number = 1, parts = 1;
  int words = 1;  // the first argument that is a part of a name
};

Part part_of(int argc, char** argv) {
  Part part;
  if (argc > 1 && std::strncmp(argv[1], "--part=", 7) == 0) {
    char* end = nullptr;
    part.number = static_cast<int>(std::strtol(argv[1] + 7, &end, 10));
    part.parts = static_cast<int>(std::strtol(end + 1, nullptr, 10));
    part.words = 2;
  }
  return part;
}

bool wanted(const char* name, int argc, char** argv, int words) {
  for (int i = words; i < argc; ++i) {
    if (std::strstr(name, argv[i]) != nullptr) return true;
  }
  return argc <= words;
}

}  // namespace

Registration::Registration(const char* name, void (*body)()) : name(name), body(body), next(first) {
  first = this;
}

void record(bool passed, const char* file, int32_t line, const char* condition, const char* format, ...) {
  ++checks;
  if (passed || ++failures > shown_failures) return;
  std::printf("  %s:%d: %s: ", file, line, condition);
  va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::printf("\n");
}

}  // namespace likewise::test

int main(int argc, char** argv) {
  using namespace likewise::test;
  const Part part = part_of(argc, argv);
  int64_t found = 0, tests = 0, failed = 0;
  for (const Registration* test = first; test != nullptr; test = test->next) {
    if (!wanted(test->name, argc, argv, part.words)) continue;
    if (found++ % part.parts != part.number - 1) continue;
    const auto start = std::chrono::steady_clock::now();
    checks = failures = 0;
    test->body();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%-6s %-36s %9lld checks %6lld failed %7.2f s\n", failures == 0 ? "ok" : "FAILED", test->name,
                static_cast<long long>(checks), static_cast<long long>(failures), seconds.count());
    std::fflush(stdout);
    ++tests;
    failed += failures != 0;
  }
  std::printf("%lld tests, %lld failed\n", static_cast<long long>(tests), static_cast<long long>(failed));
  return failed == 0 && found > 0 ? 0 : 1;
}
