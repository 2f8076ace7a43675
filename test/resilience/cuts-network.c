/* A service that takes the host's network down while it runs. */
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void link_is(int up) {
    struct ifreq request = {0};
    strcpy(request.ifr_name, "host0");
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (ioctl(fd, SIOCGIFFLAGS, &request) < 0) { perror("reading host0"); exit(1); }
    if (up) request.ifr_flags |= IFF_UP;
    else request.ifr_flags &= ~IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) { perror("changing host0"); exit(1); }
    close(fd);
}

int main() {
    int got;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    link_is(0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, getenv("NOTIFY_SOCKET"), sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address, sizeof address.sun_family + strlen(address.sun_path));
    sigwait(&stop, &got);
    link_is(1);
    return 0;
}
