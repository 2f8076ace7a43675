/*
 * Answers one HTTP request on standard input and output with a greeting: "Hello from $GREETER!".
 * systemd starts it for each connection, and gives it the connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    char line[1024];
    while (fgets(line, sizeof line, stdin) && strcspn(line, "\r\n") > 0) continue;
    const char *greeter = getenv("GREETER");
    if (!greeter) greeter = "the image";
    fprintf(stderr, "greeting from %s\n", greeter);
    printf("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nHello from %s!\n", greeter);
    return fflush(stdout) != 0;
}
