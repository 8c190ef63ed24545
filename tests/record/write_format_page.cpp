#include <iostream>

#include "record/format_page.h"

// Writes analysis/FORMAT.md to standard output.
int main() {
  std::cout << semlink::format_page();
  return std::cout.flush() ? 0 : 1;
}
