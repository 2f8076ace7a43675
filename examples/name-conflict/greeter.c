/* Greets over HTTP, one connection after the other, on the socket that systemd passes (sd_listen_fds(3)). */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { LISTENER = 3 };

int main(void) {
    for (;;) {
        int peer = accept(LISTENER, NULL, NULL);
        if (peer < 0) {
            perror("accept");
            return 1;
        }
        struct timeval patience = {.tv_sec = 5};
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        char request[4096];
        ssize_t length;
        do length = read(peer, request, sizeof request);
        while (length >= 4 && memcmp(request + length - 4, "\r\n\r\n", 4) != 0);
        dprintf(peer, "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nHello from beside the host's own service!\n");
        close(peer);
    }
}
