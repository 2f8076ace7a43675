import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { filesLibrary, filesToWrite, type HostFile } from "../../provider/host/files";
import { type Shell, sh } from "../../provider/host/shell";
import { runIn, workDirectory } from "./shells";

export const owner = { token: "0123456789abcdef", nonce: "aaaa", urn: "urn:one" };

export function file(path: string, content: string, rest: Partial<HostFile> = {}): HostFile {
    return { path, content: Buffer.from(content), mode: "0644", owner: "0", group: "0", ...rest };
}

/** Runs programs for a test with its own directory of records. */
export class Host {
    directory = "";
    private count = 0;
    private readonly root = workDirectory();

    constructor(private readonly command: readonly string[]) {
        beforeEach(() => {
            this.directory = join(this.root, `${this.count++}`);
            for (const name of ["records", "images", "system", "system.attached"])
                mkdirSync(join(this.directory, name), { recursive: true });
        });
    }

    run(...body: Shell[]): ReturnType<typeof runIn> {
        return runIn(this.command, this.directory, ...body);
    }

    /** Runs a transaction that writes files; `end` is `files_commit` or `files_undo`. */
    write(files: HostFile[], end: Shell, fileOwner = owner, adopted: string[] = []): ReturnType<typeof runIn> {
        return this.run(
            filesLibrary(fileOwner, adopted),
            filesToWrite(files),
            sh`failed() { say failed "$1"; exit 1; }
claim_files
make_records files && with_files files_begin && files_sync && sync "$undo" || failed "the record"
drop_others || failed "others"
put_files
say changed "$changed"`,
            end,
        );
    }
}
