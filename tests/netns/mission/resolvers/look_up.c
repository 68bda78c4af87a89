/* SPDX-License-Identifier: Apache-2.0 */
/* Looks names up with the C library's resolver. Prints for each: the name, its first address or "-", and the milliseconds. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static long now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char** argv) {
    for (int i = 1; i < argc; i++) {
        struct addrinfo hints, *found = 0;
        char text[64] = "-";
        long begin = now_ms();

        memset(&hints, 0, sizeof(hints));
        hints.ai_socktype = SOCK_STREAM;
        if (getaddrinfo(argv[i], "80", &hints, &found) == 0)
            getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), 0, 0, NI_NUMERICHOST);
        printf("%s %s %ld\n", argv[i], text, now_ms() - begin);
    }
    return 0;
}
