/*
 * A cow that says what comes on standard input.
 *
 *   echo hello | cowsay
 *
 * It reads to the end of its input, and breaks the text into lines of at most 40 characters.
 */
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 4096, LINE_BYTES = 40 };

/** Ends the line that starts at `text`, and says where the next one starts. */
static char *end_line(char *text) {
    size_t length = strcspn(text, "\n");
    if (length > LINE_BYTES) {
        length = LINE_BYTES;
        while (length > 1 && text[length] != ' ') length--;
        if (length == 1) length = LINE_BYTES - 1; /* one long word */
    }
    char *next = text + length;
    if (*next == ' ' || *next == '\n') *next++ = 0;
    return next;
}

int main(void) {
    static char text[TEXT_BYTES + 1];
    size_t size = fread(text, 1, sizeof text, stdin);
    if (size == sizeof text) {
        fprintf(stderr, "cowsay: no cow says more than %d bytes\n", TEXT_BYTES);
        return 1;
    }
    while (size > 0 && text[size - 1] == '\n') size--;
    text[size] = 0;

    static char lines[TEXT_BYTES][LINE_BYTES + 1];
    size_t count = 0, width = 0;
    for (char *at = text; *at || count == 0;) {
        char *next = end_line(at);
        snprintf(lines[count], sizeof lines[count], "%.*s", (int)(next - at), at);
        if (strlen(lines[count]) > width) width = strlen(lines[count]);
        count++;
        at = next;
    }

    printf(" %.*s\n", (int)width + 2, "__________________________________________");
    for (size_t line = 0; line < count; line++) {
        const char *edges = count == 1 ? "<>" : line == 0 ? "/\\" : line == count - 1 ? "\\/" : "||";
        printf("%c %-*s %c\n", edges[0], (int)width, lines[line], edges[1]);
    }
    printf(" %.*s\n", (int)width + 2, "------------------------------------------");
    puts("        \\   ^__^\n"
         "         \\  (oo)\\_______\n"
         "            (__)\\       )\\/\\\n"
         "                ||----w |\n"
         "                ||     ||");
    return fflush(stdout) != 0;
}
