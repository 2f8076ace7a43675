/** The fields of a header of a tar archive (pax in POSIX.1-2017; "ustar Interchange Format"). Owner and times are 0. */
export interface TarHeader {
    /** Relative path; the path of a directory ends in a slash. */
    name: string;
    type: "file" | "directory" | "symlink";
    mode: number;
    /** Number of bytes of a file. */
    size?: number;
    linkname?: string;
    /** Further records of an extended header. */
    pax?: Readonly<Record<string, string>>;
}

const BLOCK = 512;
const TYPES = { file: "0", symlink: "2", directory: "5", extended: "x" } as const;
const MAX_NAME = 100;
/** The largest number of eleven octal digits. */
const MAX_SIZE = 8 ** 11 - 1;
const BUFFER_BYTES = 1 << 20;

/**
 * Writes an archive through two buffers, one of which is filled while the other is sent. The stream of a library takes twice the
 * CPU time, which the packer at the other end would lack.
 */
export class TarWriter {
    private readonly buffers = [Buffer.alloc(BUFFER_BYTES), Buffer.alloc(BUFFER_BYTES)] as const;
    private readonly sending: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()];
    private current: 0 | 1 = 0;
    private filled = 0;
    private padding = 0;

    /** `send` resolves when its buffer may be reused. */
    constructor(private readonly send: (bytes: Buffer) => Promise<void>) {}

    /** Starts an entry, which must be followed by `size` bytes. */
    async header(header: TarHeader): Promise<void> {
        await this.put(Buffer.alloc(this.padding));
        const { size = 0 } = header;
        this.padding = (BLOCK - (size % BLOCK)) % BLOCK;
        const records = extendedRecords(header);
        if (records.length > 0) {
            const body = Buffer.concat([records, Buffer.alloc((BLOCK - (records.length % BLOCK)) % BLOCK)]);
            await this.put(block("PaxHeader", "extended", 0o644, records.length, ""));
            await this.put(body);
        }
        await this.put(block(header.name, header.type, header.mode, size, header.linkname ?? ""));
    }

    /** Free space for the next bytes of the entry; call `advance` with the number of bytes that were filled. */
    async room(): Promise<Buffer> {
        if (this.filled === BUFFER_BYTES) await this.flush();
        return this.buffers[this.current].subarray(this.filled);
    }

    advance(length: number): void {
        this.filled += length;
    }

    async put(bytes: Buffer): Promise<void> {
        for (let offset = 0; offset < bytes.length; ) {
            const room = await this.room();
            const copied = bytes.copy(room, 0, offset);
            this.advance(copied);
            offset += copied;
        }
    }

    async end(): Promise<void> {
        await this.put(Buffer.alloc(this.padding + 2 * BLOCK));
        await this.flush();
        await Promise.all(this.sending);
    }

    private async flush(): Promise<void> {
        const full = this.current;
        const sent = this.send(this.buffers[full].subarray(0, this.filled));
        sent.catch(() => {}); // Awaited before the buffer is used again.
        this.sending[full] = sent;
        this.current = full === 0 ? 1 : 0;
        this.filled = 0;
        await this.sending[this.current];
    }
}

/**
 * Records of an extended header for fields that don't fit into a header, or that not every reader supports there:
 * `LENGTH KEY=VALUE`, where the length includes itself.
 */
function extendedRecords({ name, linkname = "", size = 0, pax }: TarHeader): Buffer {
    const all = Object.entries({
        ...(fits(name) ? {} : { path: name }),
        ...(fits(linkname) ? {} : { linkpath: linkname }),
        ...(size > MAX_SIZE ? { size: String(size) } : {}),
        ...pax,
    });
    return Buffer.concat(
        all.map(([key, value]) => {
            const rest = Buffer.byteLength(` ${key}=${value}\n`);
            let length = rest + String(rest).length;
            if (String(length).length > String(rest).length) length++;
            return Buffer.from(`${length} ${key}=${value}\n`);
        }),
    );
}

function fits(name: string): boolean {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: names are bytes, and all of ASCII is the same everywhere.
    return name.length <= MAX_NAME && /^[\x00-\x7f]*$/.test(name);
}

function block(name: string, type: keyof typeof TYPES, mode: number, size: number, linkname: string): Buffer {
    const header = Buffer.alloc(BLOCK);
    header.write(name.slice(0, MAX_NAME), 0, MAX_NAME, "latin1");
    header.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100);
    header.write(`${octal(Math.min(size, MAX_SIZE), 11)}\0${octal(0, 11)}\0${" ".repeat(8)}${TYPES[type]}`, 124);
    header.write(linkname.slice(0, MAX_NAME), 157, MAX_NAME, "latin1");
    header.write("ustar\x0000", 257);
    let sum = 0;
    for (const byte of header) sum += byte;
    header.write(`${octal(sum, 6)}\0 `, 148);
    return header;
}

function octal(value: number, digits: number): string {
    return value.toString(8).padStart(digits, "0");
}
