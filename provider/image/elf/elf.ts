import type { ReadAt } from "../tree/content";

/** The parts of a program or shared library that the loader uses (elf(5), ld.so(8); "Symbol Versioning" of the LSB). */
export interface Elf {
    /** systemd's name for e_machine (systemd.unit(5), ConditionArchitecture=), or `machine 42`. */
    architecture: string;
    kind: "program" | "library";
    /** PT_INTERP: the loader. Undefined for libraries and static programs. */
    interpreter?: string;
    /** DT_NEEDED entries in their order. */
    needed: string[];
    /** Directories that are searched for libraries before the system's: DT_RUNPATH, or DT_RPATH without one. */
    runPath: string[];
    /** Whether the run path also applies to its libraries: DT_RPATH does, DT_RUNPATH doesn't. */
    isRunPathInherited: boolean;
    soname?: string;
    /** Versions of symbols that it needs, by library: `{"libc.so.6": ["GLIBC_2.34"]}`. */
    neededVersions: Record<string, string[]>;
    /** Versions of symbols that it defines. */
    versions: string[];
    /** The end of the last loaded byte: a shorter file is truncated. */
    endsAt: number;
}

const MACHINES: Record<number, string> = {
    3: "x86",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    43: "sparc64",
    62: "x86-64",
    183: "arm64",
    243: "riscv64",
    258: "loongarch64",
};
const [ET_EXEC, ET_DYN] = [2, 3];
const [PT_LOAD, PT_DYNAMIC, PT_INTERP] = [1, 2, 3];
const DT = { needed: 1, strtab: 5, strsz: 10, soname: 14, rpath: 15, runpath: 29, flags1: 0x6ffffffb } as const;
const DT_VERSION = { def: 0x6ffffffc, defnum: 0x6ffffffd, need: 0x6ffffffe, neednum: 0x6fffffff } as const;
/** Flag in DT_FLAGS_1 of position-independent executables. */
const DF_1_PIE = 0x08000000n;
/** Flag of versions for which the loader only prints a warning if they are missing. */
const VER_FLG_WEAK = 2;
/** More than the version tables of any known library (libc.so.6: 2 KB). */
const MAX_VERSIONS_BYTES = 256 * 1024;

/** Reads the headers of a file; undefined if it isn't an ELF program or library. */
export async function readElf(readAt: ReadAt): Promise<Elf | undefined> {
    const head = await readAt(0, 64);
    if (head.length < 52 || head.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
    const reader = new Reader(head[4] === 2, head[5] === 1);
    if (reader.is64 && head.length < 64) return undefined;
    const type = reader.u16(head, 16);
    if (type !== ET_EXEC && type !== ET_DYN) return undefined;

    const segments = await readSegments(readAt, reader, head);
    const interpreter = segments.find((segment) => segment.type === PT_INTERP);
    const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
    const read = async ({ offset, size }: Segment) => readAt(offset, size);
    const facts = dynamic === undefined ? undefined : await readDynamic(readAt, reader, await read(dynamic), segments);
    const isProgram = type === ET_EXEC || interpreter !== undefined || facts?.isPie === true;
    return {
        architecture: MACHINES[reader.u16(head, 18)] ?? `machine ${reader.u16(head, 18)}`,
        // libc.so.6 has an interpreter too: it can be run.
        kind: isProgram && facts?.soname === undefined ? "program" : "library",
        interpreter: interpreter && text(await read(interpreter), 0),
        needed: facts?.needed ?? [],
        runPath: facts?.runPath ?? [],
        isRunPathInherited: facts?.isRunPathInherited ?? false,
        soname: facts?.soname,
        neededVersions: facts?.neededVersions ?? {},
        versions: facts?.versions ?? [],
        endsAt: Math.max(
            0,
            ...segments.filter(({ type: kind }) => kind === PT_LOAD).map((segment) => segment.offset + segment.size),
        ),
    };
}

interface Segment {
    type: number;
    offset: number;
    address: number;
    size: number;
}

async function readSegments(readAt: ReadAt, reader: Reader, head: Buffer): Promise<Segment[]> {
    const tableOffset = reader.word(head, reader.is64 ? 32 : 28);
    const [entrySize, count] = reader.is64 ? [56, reader.u16(head, 56)] : [32, reader.u16(head, 44)];
    const table = await readAt(tableOffset, entrySize * count);
    return Array.from({ length: Math.floor(table.length / entrySize) }, (_, index) => {
        const start = index * entrySize;
        const [offset, address, size] = reader.is64 ? [8, 16, 32] : [4, 8, 16];
        return {
            type: reader.u32(table, start),
            offset: reader.word(table, start + offset),
            address: reader.word(table, start + address),
            size: reader.word(table, start + size),
        };
    });
}

async function readDynamic(readAt: ReadAt, reader: Reader, table: Buffer, segments: Segment[]) {
    const entries: [tag: number, value: bigint][] = [];
    for (let offset = 0; offset + 2 * reader.wordSize <= table.length; offset += 2 * reader.wordSize) {
        entries.push([reader.word(table, offset), reader.bigWord(table, offset + reader.wordSize)]);
    }
    const one = (tag: number) => entries.find(([entryTag]) => entryTag === tag)?.[1];
    /** The bytes that are loaded at an address, up to the length. */
    const loaded = async (address: bigint | undefined, length: number): Promise<Buffer> => {
        const virtualAddress = Number(address ?? -1n);
        const holder = segments.find(
            (segment) =>
                segment.type === PT_LOAD &&
                virtualAddress >= segment.address &&
                virtualAddress < segment.address + segment.size,
        );
        if (holder === undefined) return Buffer.alloc(0);
        const skipped = virtualAddress - holder.address;
        return readAt(holder.offset + skipped, Math.min(length, holder.size - skipped));
    };
    const strings = await loaded(one(DT.strtab), Number(one(DT.strsz) ?? 0n));
    const string = (value: bigint | undefined) => (value === undefined ? undefined : text(strings, Number(value)));
    const needs =
        one(DT_VERSION.need) === undefined ? undefined : await loaded(one(DT_VERSION.need), MAX_VERSIONS_BYTES);
    const has = one(DT_VERSION.def) === undefined ? undefined : await loaded(one(DT_VERSION.def), MAX_VERSIONS_BYTES);
    const runPath = string(one(DT.runpath));
    return {
        needed: entries.filter(([tag]) => tag === DT.needed).map(([, value]) => text(strings, Number(value))),
        soname: string(one(DT.soname)),
        runPath: (runPath ?? string(one(DT.rpath)) ?? "").split(":").filter((directory) => directory !== ""),
        isRunPathInherited: runPath === undefined && one(DT.rpath) !== undefined,
        isPie: ((one(DT.flags1) ?? 0n) & DF_1_PIE) !== 0n,
        neededVersions: neededVersions(reader, needs, strings, Number(one(DT_VERSION.neednum) ?? 0n)),
        versions: definedVersions(reader, has, strings, Number(one(DT_VERSION.defnum) ?? 0n)),
    };
}

/** Verneed: version 16, count 16, file 32, first 32, next 32; each Vernaux: hash 32, flags 16, other 16, name 32, next 32. */
function neededVersions(reader: Reader, table: Buffer | undefined, strings: Buffer, count: number) {
    const found: Record<string, string[]> = {};
    if (table === undefined) return found;
    for (let offset = 0, left = count; left > 0 && offset + 16 <= table.length; left--) {
        const file = text(strings, reader.u32(table, offset + 4));
        const names: string[] = [];
        let aux = offset + reader.u32(table, offset + 8);
        for (let more = reader.u16(table, offset + 2); more > 0 && aux + 16 <= table.length; more--) {
            const isWeak = (reader.u16(table, aux + 4) & VER_FLG_WEAK) !== 0;
            if (!isWeak) names.push(text(strings, reader.u32(table, aux + 8)));
            aux += reader.u32(table, aux + 12);
        }
        found[file] = names;
        offset += reader.u32(table, offset + 12);
    }
    return found;
}

/** Verdef: version 16, flags 16, index 16, count 16, hash 32, first 32, next 32; the first Verdaux has the name. */
function definedVersions(reader: Reader, table: Buffer | undefined, strings: Buffer, count: number): string[] {
    const found: string[] = [];
    if (table === undefined) return found;
    for (let offset = 0, left = count; left > 0 && offset + 20 <= table.length; left--) {
        const aux = offset + reader.u32(table, offset + 12);
        if (aux + 4 <= table.length) found.push(text(strings, reader.u32(table, aux)));
        offset += reader.u32(table, offset + 16);
    }
    return found;
}

function text(bytes: Buffer, offset: number): string {
    const end = bytes.indexOf(0, offset);
    return bytes.toString("utf8", offset, end < 0 ? bytes.length : end);
}

/** Reads numbers in the width and byte order of the file. */
class Reader {
    constructor(
        readonly is64: boolean,
        private readonly isLittle: boolean,
    ) {}

    get wordSize(): number {
        return this.is64 ? 8 : 4;
    }
    u16(bytes: Buffer, offset: number): number {
        return this.isLittle ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset);
    }
    u32(bytes: Buffer, offset: number): number {
        return this.isLittle ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
    }
    bigWord(bytes: Buffer, offset: number): bigint {
        if (!this.is64) return BigInt(this.u32(bytes, offset));
        return this.isLittle ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset);
    }
    word(bytes: Buffer, offset: number): number {
        return Number(this.bigWord(bytes, offset));
    }
}
