// The service `app` of the guides: an HTTP server on port 8080 (or PORT), a second open port, and the commands check, migrate and reload.
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listener(int port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

/** The first line of a file; empty where there is none. */
static const char *line_of(const char *path, char *line, size_t size) {
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, size, file) == NULL) line[0] = 0;
    if (file != NULL) fclose(file);
    line[strcspn(line, "\n")] = 0;
    return line;
}

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value == NULL ? "" : value;
}

static int migrate(void) {
    char path[256];
    snprintf(path, sizeof path, "%s/migrated", variable("STATE_DIRECTORY"));
    FILE *file = fopen(path, "a");
    if (file == NULL) return perror(path), 1;
    fputs("migrated\n", file);
    return fclose(file);
}

/** sd_notify(3), so that an update needs no time to see that the service stays up. */
static void ready(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    strncpy(address.sun_path, variable("NOTIFY_SOCKET"), sizeof address.sun_path - 1);
    if (address.sun_path[0] == '@') address.sun_path[0] = 0;
    sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address,
           offsetof(struct sockaddr_un, sun_path) + strlen(variable("NOTIFY_SOCKET")));
    close(fd);
}

static void nothing(int signal) { (void)signal; }

static void answer(int connection) {
    char request[2048], version[64], password[64], path[256], body[512];
    if (read(connection, request, sizeof request) > 0) {
        snprintf(path, sizeof path, "%s/password", variable("CREDENTIALS_DIRECTORY"));
        snprintf(body, sizeof body, "ok %s %s %s\n", line_of("/usr/share/app/version", version, sizeof version),
                 variable("LOG_LEVEL"), line_of(path, password, sizeof password));
        dprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(body), body);
    }
    close(connection);
}

int main(int count, char **words) {
    const char *command = count > 1 ? words[1] : "";
    char version[64];
    if (strcmp(command, "check") == 0) return 0;
    if (strcmp(command, "migrate") == 0) return migrate();
    if (strcmp(command, "reload") == 0) return kill(atoi(words[2]), SIGHUP);
    if (strcmp(line_of("/usr/share/app/version", version, sizeof version), "broken") == 0) {
        fputs("app: this release can't start\n", stderr);
        return 1;
    }
    signal(SIGHUP, nothing);
    const char *port = variable("PORT");
    struct pollfd ports[] = {{.fd = listener(*port ? atoi(port) : 8080), .events = POLLIN}, {.fd = listener(5432), .events = POLLIN}};
    ready();
    for (;;) {
        if (poll(ports, 2, -1) < 0) continue;
        if (ports[0].revents) answer(accept(ports[0].fd, NULL, NULL));
        if (ports[1].revents) close(accept(ports[1].fd, NULL, NULL));
    }
}
