import { readElf } from "../../../provider/image/elf/elf";
import { type ElfParts, elfFile } from "./elf-file";

function read(bytes: Buffer) {
    return readElf(async (offset, length) => bytes.subarray(offset, offset + length));
}

const PARTS: ElfParts = {
    interpreter: "/lib64/ld-linux-x86-64.so.2",
    needed: ["libssl.so.3", "libc.so.6"],
    runPath: "$ORIGIN/../lib:/opt/lib",
    neededVersions: { "libc.so.6": ["GLIBC_2.34", "GLIBC_2.2.5"], "libssl.so.3": ["OPENSSL_3.0.0"] },
};

test.each<[string, ElfParts, string]>([
    ["64 bits, little endian", {}, "x86-64"],
    ["64 bits, big endian", { isBigEndian: true, machine: 22 }, "s390x"],
    ["32 bits, little endian", { is32Bit: true, machine: 3 }, "x86"],
    ["32 bits, big endian", { is32Bit: true, isBigEndian: true, machine: 20 }, "ppc"],
    ["a machine without a name", { machine: 999 }, "machine 999"],
])("a program is read: %s", async (_, over, architecture) => {
    const bytes = elfFile({ ...PARTS, ...over });
    expect(await read(bytes)).toEqual({
        architecture,
        kind: "program",
        interpreter: "/lib64/ld-linux-x86-64.so.2",
        needed: ["libssl.so.3", "libc.so.6"],
        runPath: ["$ORIGIN/../lib", "/opt/lib"],
        isRunPathInherited: false,
        soname: undefined,
        neededVersions: PARTS.neededVersions,
        versions: [],
        endsAt: bytes.length,
    });
});

test("the versions that a library defines are read", async () => {
    const versions = ["libc.so.6", "GLIBC_2.2.5", "GLIBC_2.36"];
    const found = await read(elfFile({ soname: "libc.so.6", versions, interpreter: "/lib64/ld.so" }));
    expect(found).toMatchObject({ kind: "library", soname: "libc.so.6", versions, needed: [] });
});

test("DT_RPATH is used if there is no DT_RUNPATH", async () => {
    expect(await read(elfFile({ rpath: "/a" }))).toMatchObject({ runPath: ["/a"], isRunPathInherited: true });
    expect(await read(elfFile({ rpath: "/a", runPath: "/b" }))).toMatchObject({
        runPath: ["/b"],
        isRunPathInherited: false,
    });
});

test("the running Node.js binary is read", async () => {
    const { open } = await import("node:fs/promises");
    const handle = await open(process.execPath);
    try {
        const found = await readElf(async (offset, length) => {
            const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
            return buffer.subarray(0, bytesRead);
        });
        expect(found).toMatchObject({ kind: "program", needed: expect.arrayContaining(["libc.so.6"]) });
        expect(found?.endsAt).toBeLessThanOrEqual((await handle.stat()).size);
    } finally {
        await handle.close();
    }
});

test.each([
    ["nothing", Buffer.alloc(0)],
    ["a script", Buffer.from(`#!/bin/sh\n${" ".repeat(100)}`)],
    ["an object file", elfFile({ type: 1 })],
    ["half a header", elfFile().subarray(0, 50)],
])("%s is not ELF that is started", async (_, bytes) => {
    expect(await read(bytes)).toBeUndefined();
});

test("a file that is truncated anywhere is read without an error, as truncated", async () => {
    const whole = elfFile(PARTS);
    for (let length = 64 + 56; length < whole.length; length += 7) {
        const found = await read(whole.subarray(0, length));
        expect(found?.endsAt).toBe(whole.length);
    }
});
