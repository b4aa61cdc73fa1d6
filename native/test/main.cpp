// Runs the tests of the core and the kernels: all, or those whose names contain an argument.
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "check.h"

namespace likewise::test {

namespace {

constexpr int64_t shown_failures = 20;  // of one test

Registration* first = nullptr;
int64_t checks = 0;
int64_t failures = 0;

bool wanted(const char* name, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strstr(name, argv[i]) != nullptr) return true;
  }
  return argc < 2;
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
  int64_t tests = 0, failed = 0;
  for (const Registration* test = first; test != nullptr; test = test->next) {
    if (!wanted(test->name, argc, argv)) continue;
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
  return failed == 0 && tests > 0 ? 0 : 1;
}
