import type { Owner } from "./owner";
import files from "./sh/files.sh";
import showFiles from "./sh/show-files.sh";
import { header, headerFunction, joinShell, type Shell, sh, shellFile, wordsFunction } from "./shell";

/** A file as it must be on the host. */
export interface HostFile {
    /** Absolute. */
    path: string;
    content: Buffer;
    /** Four octal digits. */
    mode: string;
    owner: string;
    group: string;
}

/**
 * Files as one transaction under a record. The record `files/<token>` on the host has a line
 * `path P` for every file of the owner and `dir D` for every directory made for one; a file is named
 * there before it is written. Until `files_commit`, `files_undo` brings back every byte, mode and
 * owner, and takes away directories that weren't there.
 *
 * `adopted` are paths that the resource's state has (an import): they may exist without a record.
 * `claim PATH...` sets clear=1 where a path belongs to another record, or to nobody and exists, and gives the other's
 * URN (or nothing) as the block `taken PATH`. `able PATH OWNER GROUP` returns 1 where the file can't be made, and says
 * why in the block `unable PATH`. `files_begin PATH...` undoes what a killed run left, keeps what is there under the
 * paths and under those of the record that aren't among them, and names them all; `files_sync` brings that to the disk,
 * for good once $undo and the directory of the records are synced, too. `drop_others` removes those that aren't among
 * them; `put PATH MODE OWNER:GROUP` reads base64. Both set `changed=1` when the host wasn't so already. `sync_listed`
 * reads paths and waits until they are on the disk.
 */
export function filesLibrary(owner: Owner, adopted: readonly string[] = []): Shell {
    return sh`${header({ ...ownerValues(owner), adopted: ["", ...adopted, ""].join("\n") })}${shellFile(files)}`;
}

export function ownerValues({ token, nonce, urn }: Owner): Record<"token" | "nonce" | "urn", string> {
    return { token, nonce, urn };
}

/**
 * Functions of a header: `with_files COMMAND...` gives a command the paths of the files; `claim_files` does `claim` and
 * `able` for every file, and ends the program where one can't be ours, with nothing changed; `put_files` does `put` for
 * those in `written`, and `failed` where one can't be written.
 */
export function filesToWrite(all: readonly HostFile[], written: readonly HostFile[] = all): Shell {
    const able = all.map((file) => sh`able ${file.path} ${file.owner} ${file.group} || clear=1`);
    const put = written.map(
        (
            file,
        ) => sh`put ${file.path} ${file.mode} ${`${file.owner}:${file.group}`} <<END || failed ${`writing ${file.path}`}
${encoded(file.content)}
END`,
    );
    return joinShell([
        wordsFunction(
            "with_files",
            all.map((file) => file.path),
        ),
        headerFunction(
            "claim_files",
            sh`
with_files claim
${joinShell(able)}
[ "$clear" = 0 ] || exit 1`,
        ),
        headerFunction("put_files", joinShell([...put, sh`:`])),
    ]);
}

/** Defines `show_files` and `show_texts`. */
export const showFilesLibrary: Shell = shellFile(showFiles);

export interface FoundFile {
    path: string;
    mode: string;
    owner: string;
    group: string;
    /** Hex SHA-256 of the content. */
    digest: string;
}

export function foundFiles(lines: readonly string[]): Map<string, FoundFile> {
    return new Map(
        lines.map((line) => {
            const [mode = "", owner = "", group = "", digest = "", ...rest] = line.split(" ");
            const path = rest.join(" ");
            return [path, { path, mode, owner, group, digest }];
        }),
    );
}

/** Base64 in lines: nothing in it that a shell could take for its own. */
export function encoded(content: Buffer): Shell {
    return joinShell((content.toString("base64").match(/.{1,76}/g) ?? []).map((line) => sh`${line}`));
}
