#include <cstdio>

int main() {
  std::fputs("usage: semlink COMMAND\n", stderr);
  return 2;
}
