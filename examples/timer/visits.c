/*
 * Counts visits, in three parts that systemd starts:
 *
 *   visits worker    holds the count: listens on the socket @visits, takes "visit" or "count", answers with the number
 *   visits web       listens for HTTP: each request is a visit, and the answer says which
 *   visits report    asks for the count once, and prints it
 *
 * worker and web take their listening socket from their socket unit (sd_listen_fds(3)).
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTENER = 3 };

static int fail(const char *what) {
    perror(what);
    return 1;
}

/** Takes connections one after the other, for ever; `answer` gets what was sent, up to the end of `mark`. */
static int serve(const char *mark, void (*answer)(int peer, const char *question)) {
    for (;;) {
        int peer = accept(LISTENER, NULL, NULL);
        if (peer < 0) return fail("accept");
        struct timeval patience = {.tv_sec = 5};
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        char question[4096] = "";
        size_t length = 0;
        while (length < sizeof question - 1 && !strstr(question, mark)) {
            ssize_t part = read(peer, question + length, sizeof question - 1 - length);
            if (part <= 0) break;
            question[length += (size_t)part] = 0;
        }
        if (strstr(question, mark)) answer(peer, question);
        close(peer);
    }
}

static void count(int peer, const char *question) {
    static unsigned long visits;
    if (strcmp(question, "visit\n") == 0) visits++;
    dprintf(peer, "%lu\n", visits);
}

/** The worker's number; -1 where it doesn't answer. */
static long ask(const char *question) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0visits"};
    int worker = socket(AF_UNIX, SOCK_STREAM, 0);
    char answer[32] = "";
    long number = -1;
    if (connect(worker, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + sizeof "visits") == 0 &&
        write(worker, question, strlen(question)) > 0 && read(worker, answer, sizeof answer - 1) > 0)
        sscanf(answer, "%ld", &number);
    close(worker);
    return number;
}

static void greet(int peer, const char *request) {
    (void)request;
    long visit = ask("visit\n");
    if (visit < 0) dprintf(peer, "HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\nNobody counts.\n");
    else dprintf(peer, "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nYou are visitor %ld.\n", visit);
}

int main(int argc, char **argv) {
    const char *part = argc > 1 ? argv[1] : "";
    if (strcmp(part, "worker") == 0) return serve("\n", count);
    if (strcmp(part, "web") == 0) return serve("\r\n\r\n", greet);
    if (strcmp(part, "report") == 0) {
        long visits = ask("count\n");
        if (visits < 0) return fail("nobody counts");
        return printf("%ld visits so far\n", visits) < 0;
    }
    fputs("usage: visits worker|web|report\n", stderr);
    return 2;
}
