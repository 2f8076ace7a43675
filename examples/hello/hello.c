/*
 * A small web server for systemd: takes its listening socket from the socket unit, says when it is
 * ready, finishes the request in hand before it stops, and takes a new page on reload.
 *
 *   cc -static -O2 -o bin/hello hello.c
 *
 * The page is /etc/hello/page.html, or "Hello, {$NAME}!" where there is none; {$NAME} becomes the
 * environment's NAME. `hello --reload` (ExecReload=) reads both as a new process of the unit would
 * see them, mounts of new drop-ins included, and hands the page to the running server.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTENER = 3, PAGE_BYTES = 65536 };

static char page[PAGE_BYTES];

static void fail(const char *what) { fprintf(stderr, "hello: %s: %s\n", what, strerror(errno)); exit(1); }

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static void render(void) {
    static char text[PAGE_BYTES / 2] = "Hello, {$NAME}!\n";
    FILE *file = fopen("/etc/hello/page.html", "r");
    if (file) {
        text[fread(text, 1, sizeof text - 1, file)] = 0;
        fclose(file);
    }
    const char *variable = "{$NAME}";
    char *place = strstr(text, variable);
    if (!place) snprintf(page, sizeof page, "%s", text);
    else
        snprintf(page, sizeof page, "%.*s%s%s", (int)(place - text), text, setting("NAME", "world"),
                 place + strlen(variable));
}

static socklen_t unix_address(struct sockaddr_un *address, const char *path) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path) { errno = ENAMETOOLONG; fail(path); }
    memcpy(address->sun_path, path, length);
    if (*path == '@') address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*path == '@' ? 0 : 1));
}

static void control_path(char *path, size_t size) {
    snprintf(path, size, "%s/control", setting("RUNTIME_DIRECTORY", "/run/hello"));
}

/* sd_notify(3) without its library. */
static void notify(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path) return;
    struct sockaddr_un address;
    socklen_t length = unix_address(&address, path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, state, strlen(state), 0, (struct sockaddr *)&address, length) < 0) fail("notify");
    close(fd);
}

/* SOCK_SEQPACKET keeps the page one message, and the answer tells that it is in use. */
static int reload(void) {
    char path[200], answer[3];
    control_path(path, sizeof path);
    struct sockaddr_un address;
    socklen_t length = unix_address(&address, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    render();
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, length) < 0) fail(path);
    if (send(fd, page, strlen(page), 0) < 0 || recv(fd, answer, sizeof answer, 0) != 2) fail("reload");
    return 0;
}

static int control(void) {
    char path[200];
    control_path(path, sizeof path);
    struct sockaddr_un address;
    socklen_t length = unix_address(&address, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 8) < 0) fail(path);
    return fd;
}

static void take_page(int fd) {
    static char fresh[PAGE_BYTES];
    ssize_t size = recv(fd, fresh, sizeof fresh - 1, 0);
    if (size > 0) {
        fresh[size] = 0;
        memcpy(page, fresh, (size_t)size + 1);
        (void)!send(fd, "ok", 2, MSG_NOSIGNAL);
    }
}

static void serve(int fd) {
    struct timeval patience = {.tv_sec = 2};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char request[8192];
    size_t size = 0;
    while (size < sizeof request - 1) {
        ssize_t more = recv(fd, request + size, sizeof request - 1 - size, 0);
        if (more <= 0) return;
        size += (size_t)more;
        request[size] = 0;
        if (strstr(request, "\r\n\r\n")) break;
    }
    dprintf(fd,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
            strlen(page), page);
    shutdown(fd, SHUT_WR);
    while (recv(fd, request, sizeof request, 0) > 0) {}
}

int main(int count, char **words) {
    if (count == 2 && strcmp(words[1], "--reload") == 0) return reload();
    if (strcmp(setting("LISTEN_FDS", "0"), "1") != 0) {
        fprintf(stderr, "hello: no socket was handed over (LISTEN_FDS): start it through hello.socket\n");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    /* Connections that come after SIGTERM wait in the kernel, for the next process. */
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    render();
    struct pollfd sources[] = {{.fd = LISTENER, .events = POLLIN},
                               {.fd = control(), .events = POLLIN},
                               {.fd = signalfd(-1, &stop, SFD_CLOEXEC), .events = POLLIN}};
    notify("READY=1");
    while (!(sources[2].revents & POLLIN)) {
        if (poll(sources, 3, -1) < 0) continue;
        for (int i = 0; i < 2; i++) {
            if (!(sources[i].revents & POLLIN)) continue;
            int fd = accept(sources[i].fd, NULL, NULL);
            if (fd < 0) continue;
            if (i == 0) serve(fd);
            else take_page(fd);
            close(fd);
        }
    }
    return 0;
}
