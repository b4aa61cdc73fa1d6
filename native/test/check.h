// A test is TEST(name) { ... }; inside, CHECK(condition, "printf-style explanation", ...). A failed check is
// printed and counted, and the test goes on.
#pragma once

#include <cstdint>

namespace likewise::test {

struct Registration {
  const char* name;
  void (*body)();
  Registration* next;

  Registration(const char* name, void (*body)());
};

void record(bool passed, const char* file, int32_t line, const char* condition, const char* format, ...)
    __attribute__((format(printf, 5, 6)));

}  // namespace likewise::test

#define TEST(name)                                                             \
  static void test_##name();                                                   \
  static likewise::test::Registration registration_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition, ...) likewise::test::record((condition), __FILE__, __LINE__, #condition, __VA_ARGS__)
