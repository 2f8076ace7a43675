#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* copy FROM: to $out. */
int main(int argc, char **argv) {
    FILE *from = fopen(argv[argc - 1], "r"), *to = fopen(getenv("out"), "w");
    if (!from || !to) return 1;
    for (int byte; (byte = getc(from)) != EOF;) putc(byte, to);
    return fclose(to) || chmod(getenv("out"), 0755);
}
