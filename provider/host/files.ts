import type { Owner } from "./owner";
import filesText from "./sh/files.sh";
import { joinShell, type Shell, sh, shellFile } from "./shell";

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
    return sh`
newline='
'
adopted=${["", ...adopted, ""].join("\n")}
token=${owner.token} nonce=${owner.nonce} urn=${owner.urn}
${shellFile(filesText)}`;
}

/** `claim` and `able` for every file: ends the program where one can't be ours. Nothing is changed. */
export function claimFiles(files: readonly HostFile[]): Shell {
    const able = files.map((file) => sh`able ${file.path} ${file.owner} ${file.group} || clear=1`);
    return sh`
claim ${files.map((file) => file.path)}
${joinShell(able)}
[ "$clear" = 0 ] || exit 1`;
}

/** `put` for every file; `onFailure` runs where one can't be written. */
export function putFiles(files: readonly HostFile[], onFailure: (file: HostFile) => Shell): Shell {
    return joinShell(
        files.map(
            (file) => sh`
put ${file.path} ${file.mode} ${`${file.owner}:${file.group}`} <<END || ${onFailure(file)}
${encoded(file.content)}
END`,
        ),
    );
}

function lookAtPath(): Shell {
    return sh`[ ! -e "$path" ] || { digest=$(sha256sum <"$path"); say file "$(stat -c '%04a %U %G' -- "$path")" "\${digest%% *}" "$path"; }`;
}

/** Says what is on the host under each path: `file MODE OWNER GROUP SHA256 PATH`, nothing where there is none. */
export function lookAtFiles(paths: readonly string[]): Shell {
    return sh`
for path in ${paths}; do
    ${lookAtPath()}
done`;
}

/** The same of every file that the owner's record names ({@link filesLibrary}). */
export const lookAtRecorded: Shell = sh`
recorded | while IFS= read -r path; do
    ${lookAtPath()}
done`;

/** The content of each path that is there, as a block `content PATH`. */
export function lookAtTexts(paths: readonly string[]): Shell {
    return sh`
for path in ${paths}; do
    [ ! -f "$path" ] || block "content $path" <"$path"
done`;
}

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
