#include <stdio.h>
#include <string.h>

int main(void) {
    char line[100] = "";
    if (!fgets(line, sizeof line, stdin)) return 1;
    line[strcspn(line, "\n")] = 0;
    printf("< %s >\n", line);
    return 0;
}
