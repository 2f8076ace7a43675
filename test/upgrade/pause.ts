/**
 * The program in the recorded images: the smallest executable of Linux on amd64. It calls pause(2) for ever: mov eax, 34;
 * syscall; jmp back.
 */
export const PAUSE = Buffer.from(
    "f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAeABAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAABAEAAAAAAAAEAAAAFAAAAAAAAAAAAAAAA" +
        "AEAAAAAAAAAAQAAAAAAAgQAAAAAAAACBAAAAAAAAAAAQAAAAAAAAuCIAAAAPBev3",
    "base64",
);
