/**
 * The program in the recorded images: a minimal executable for Linux on amd64 that calls pause(2) in a loop: mov eax, 34;
 * syscall; jmp.
 */
export const PAUSE = Buffer.from(
    "f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAeABAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAABAEAAAAAAAAEAAAAFAAAAAAAAAAAAAAAA" +
        "AEAAAAAAAAAAQAAAAAAAgQAAAAAAAACBAAAAAAAAAAAQAAAAAAAAuCIAAAAPBev3",
    "base64",
);
