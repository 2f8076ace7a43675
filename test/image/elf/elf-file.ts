/** Parts of an ELF file for {@link elfFile}, named as in provider/image/elf/elf.ts. */
export interface ElfParts {
    /** e_machine: 62 is x86-64, 183 arm64, 20 ppc. */
    machine?: number;
    /** e_type: 2 EXEC, 3 DYN. */
    type?: number;
    is32Bit?: boolean;
    isBigEndian?: boolean;
    interpreter?: string;
    needed?: string[];
    runPath?: string;
    rpath?: string;
    soname?: string;
    neededVersions?: Record<string, string[]>;
    versions?: string[];
}

type Numbers = Record<"u16" | "u32" | "uword", (value: number) => Buffer>;

function numbersOf({ is32Bit = false, isBigEndian = false }: ElfParts): Numbers {
    const number = (bytes: number) => (value: number) => {
        const buffer = Buffer.alloc(bytes);
        const low = Math.min(bytes, 6);
        if (isBigEndian) buffer.writeUIntBE(value, bytes - low, low);
        else buffer.writeUIntLE(value, 0, low);
        return buffer;
    };
    return { u16: number(2), u32: number(4), uword: number(is32Bit ? 4 : 8) };
}

/** A string table; `add` returns the offset of a string. */
class Strings {
    text = "\0";

    add(text: string): number {
        this.text += `${text}\0`;
        return this.text.length - text.length - 1;
    }
}

/** DT_VERNEED entries: versions that the file needs, by library. */
function neededVersions(parts: ElfParts, { u16, u32 }: Numbers, strings: Strings): Buffer[] {
    return Object.entries(parts.neededVersions ?? {}).map(([file, names], index, all) => {
        const auxes = names.map((name, index) =>
            Buffer.concat([u32(0), u16(0), u16(2), u32(strings.add(name)), u32(index < names.length - 1 ? 16 : 0)]),
        );
        const next = index < all.length - 1 ? 16 + 16 * names.length : 0;
        return Buffer.concat([u16(1), u16(names.length), u32(strings.add(file)), u32(16), u32(next), ...auxes]);
    });
}

/** DT_VERDEF entries: versions that the file defines. */
function definedVersions({ versions = [] }: ElfParts, { u16, u32 }: Numbers, strings: Strings): Buffer[] {
    return versions.map((name, index) => {
        const next = index < versions.length - 1 ? 28 : 0;
        const head = [u16(1), u16(0), u16(index + 1), u16(1), u32(0), u32(20), u32(next)];
        return Buffer.concat([...head, u32(strings.add(name)), u32(0)]);
    });
}

/** A minimal ELF file with these parts: headers, and one loadable segment of everything with the tables at its end. */
export function elfFile(parts: ElfParts = {}): Buffer {
    const { is32Bit = false, isBigEndian = false } = parts;
    const numbers = numbersOf(parts);
    const { u16, u32, uword } = numbers;
    const strings = new Strings();
    const needs = neededVersions(parts, numbers, strings);
    const has = definedVersions(parts, numbers, strings);
    const dynamicTexts: [number, string | undefined][] = [
        ...(parts.needed ?? []).map((name): [number, string] => [1, name]),
        [14, parts.soname],
        [15, parts.rpath],
        [29, parts.runPath],
    ];
    const entries = dynamicTexts.flatMap(([tag, text]) =>
        text === undefined ? [] : [[tag, strings.add(text)] as [number, number]],
    );

    const interpreter = Buffer.from(parts.interpreter === undefined ? "" : `${parts.interpreter}\0`);
    const headerBytes = is32Bit ? 52 : 64;
    const segmentBytes = is32Bit ? 32 : 56;
    const start = headerBytes + 3 * segmentBytes;
    const tables = [interpreter, Buffer.from(strings.text), ...needs, ...has];
    const offsets = tables.map((_, index) =>
        tables.slice(0, index).reduce((sum, table) => sum + table.length, start),
    ) as number[];
    const dynamicAt = tables.reduce((sum, table) => sum + table.length, start);
    const ADDRESS = 0x400000;
    entries.push([5, ADDRESS + (offsets[1] as number)], [10, strings.text.length]);
    if (needs.length > 0) entries.push([0x6ffffffe, ADDRESS + (offsets[2] as number)], [0x6fffffff, needs.length]);
    if (has.length > 0)
        entries.push([0x6ffffffc, ADDRESS + (offsets[2 + needs.length] as number)], [0x6ffffffd, has.length]);
    const dynamic = Buffer.concat([...entries, [0, 0]].flatMap(([tag, value]) => [uword(tag ?? 0), uword(value ?? 0)]));
    const total = dynamicAt + dynamic.length;

    const segment = (type: number, offset: number, size: number) =>
        is32Bit
            ? [u32(type), u32(offset), u32(ADDRESS + offset), u32(0), u32(size), u32(size), u32(5), u32(1)]
            : [u32(type), u32(5), uword(offset), uword(ADDRESS + offset), uword(0), uword(size), uword(size), uword(1)];
    return Buffer.concat([
        Buffer.from([0x7f, 0x45, 0x4c, 0x46, is32Bit ? 1 : 2, isBigEndian ? 2 : 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        u16(parts.type ?? 3),
        u16(parts.machine ?? 62),
        u32(1),
        uword(ADDRESS),
        uword(headerBytes),
        uword(0),
        u32(0),
        u16(headerBytes),
        u16(segmentBytes),
        u16(3),
        u16(0),
        u16(0),
        u16(0),
        ...segment(1, 0, total),
        ...segment(2, dynamicAt, dynamic.length),
        ...(parts.interpreter === undefined ? segment(0, 0, 0) : segment(3, offsets[0] as number, interpreter.length)),
        ...tables,
        dynamic,
    ]);
}
