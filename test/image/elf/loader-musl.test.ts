import { ARM64, a, b, loaded, MUSL, type Row } from "./loaded";

describe("musl's loader", () => {
    test.each<Row>([
        [
            "/usr/local/lib is built in, between the others",
            { needed: ["liba.so", "libb.so"] },
            { "/lib/liba.so": {}, "/usr/local/lib/liba.so": {}, "/usr/local/lib/libb.so": {}, "/usr/lib/libb.so": {} },
            ["/lib/liba.so", "/usr/local/lib/libb.so"],
        ],
        [
            "its .path file takes the place of these",
            { needed: ["liba.so", "libb.so", "libd.so"] },
            { "/etc/ld-musl-x86_64.path": "/x:/y\n/z\n", "/y/liba.so": {}, "/z/libb.so": {}, "/usr/lib/libd.so": {} },
            ["/y/liba.so", "/z/libb.so", "?libd.so"],
        ],
        [
            "ld.so.conf doesn't count",
            a(),
            { "/etc/ld.so.cache": "", "/etc/ld.so.conf": "/x\n", "/x/liba.so": {} },
            ["?liba.so"],
        ],
        [
            "LD_LIBRARY_PATH comes before all run paths",
            a({ rpath: "/x" }),
            { "/x/liba.so": {}, "/l/liba.so": {} },
            ["/l/liba.so"],
            ["/l"],
        ],
        [
            "DT_RUNPATH counts for libraries of libraries",
            a({ runPath: "/x" }),
            { "/x/liba.so": b, "/x/libb.so": {} },
            ["/x/liba.so", "/x/libb.so"],
        ],
        [
            "a library's own run path comes before the program's",
            a({ runPath: "/x" }),
            { "/x/liba.so": { ...b, runPath: "/y" }, "/x/libb.so": {}, "/y/libb.so": {} },
            ["/x/liba.so", "/y/libb.so"],
        ],
        [
            "it is the C library under all of its names",
            { needed: ["libc.musl-x86_64.so.1", "libc.so", "libm.so.6", "libdl.so.2", "librt.so.1"] },
            {},
            [],
        ],
        ["libcrypt is no part of it", { needed: ["libcrypt.so.1"] }, {}, ["?libcrypt.so.1"]],
        [
            "the first file of a name counts, whatever it is",
            a({ runPath: "/x" }),
            { "/x/liba.so": ARM64, "/usr/lib/liba.so": {} },
            ["?liba.so"],
        ],
        [
            "a SONAME is no name",
            { needed: ["liba.so", "liba.so.1"] },
            { "/lib/liba.so": { soname: "liba.so.1" } },
            ["/lib/liba.so", "?liba.so.1"],
        ],
    ])("%s", async (_, program, files, expected, libraryPath = []) => {
        expect(await loaded(MUSL, program, files, libraryPath)).toEqual(expected);
    });

    test("its .path file is below its prefix", async () => {
        const files = { "/opt/musl/etc/ld-musl-x86_64.path": "/x", "/x/liba.so": {} };
        expect(await loaded("/opt/musl/lib/ld-musl-x86_64.so.1", a(), files)).toEqual(["/x/liba.so"]);
    });
});
