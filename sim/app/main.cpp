#include <semlink/app/program.h>

int main(int argc, char** argv) { return semlink::run_program(semlink::builtin_plugins(), argc, argv); }
