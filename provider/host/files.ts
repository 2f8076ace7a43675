import { UserError } from "../errors";
import type { Owner } from "./owner";
import files from "./sh/files.sh";
import parents from "./sh/parents.sh";
import showFiles from "./sh/show-files.sh";
import { header, headerFunction, joinShell, type Shell, sh, shellFile, wordsFunction } from "./shell";

/** A file as it must be on the host. */
export interface HostFile {
    /** Absolute path. */
    path: string;
    /** Empty if `isKept`. */
    content: Buffer;
    /** Whether the file is declared but left as it is on the host, since its content isn't known here. */
    isKept?: boolean;
    /** Four octal digits. */
    mode: string;
    owner: string;
    group: string;
}

/**
 * Functions that write files as one transaction (sh/files.sh). The record `files/<token>` on the host has a line
 * `path P` for every file of the owner and `dir D` for every directory that was made for one; a file is recorded
 * before it is written. Until `files_commit`, `files_undo` restores every byte, mode and owner, and removes directories
 * that weren't there before.
 *
 * `adopted` are paths in the resource's state (of an import): they may exist without a record.
 */
export function filesLibrary(owner: Owner, adopted: readonly string[] = []): Shell {
    return sh`${header({ ...ownerValues(owner), lookup_seconds: LOOKUP_SECONDS, adopted: ["", ...adopted.map(oneLine), ""].join("\n") })}${parentsLibrary}${shellFile(files)}`;
}

/** Time limit for looking up a user or a group, which may ask a directory service. */
const LOOKUP_SECONDS = 20;

/** Defines `check_parents`, `in_parent` and `for_entries`. */
export const parentsLibrary: Shell = shellFile(parents);

/** The values of an owner, each of which fits into one line of a record: the name in a URN may have any character. */
export function ownerValues({ token, nonce, urn }: Owner): Record<"token" | "nonce" | "urn", string> {
    return { token: oneLine(token), nonce: oneLine(nonce), urn: urn.replace(CONTROL_CHARACTERS, escaped) };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/gu;

/** Percent-encodes a character, as in a URL: `%0A`. */
function escaped(character: string): string {
    return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}

/** A value for a line of a record or of a report. Throws if the value has control characters, such as line breaks. */
export function oneLine(value: string): string {
    if (value.search(CONTROL_CHARACTERS) === -1) return value;
    throw new UserError({
        what: `${JSON.stringify(value)} has a control character, such as a line break, in it`,
        todo: "Give it another name; nothing was changed",
    });
}

/**
 * Functions of a header. `with_files COMMAND...` runs a command with the paths of all files. `claim_files` exits, without a
 * change, if a file belongs to another owner or can't be made. `put_files` writes the files in `written`, and calls `failed`
 * if one can't be written.
 */
export function filesToWrite(
    all: readonly HostFile[],
    written: readonly HostFile[] = all.filter(({ isKept }) => !isKept),
): Shell {
    for (const { path, owner, group } of all) [path, owner, group].map(oneLine);
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
with_files know_parents
with_files claim
${joinShell(able)}
[ "$clear" = 0 ] || exit 1`,
        ),
        headerFunction("put_files", joinShell([...put, sh`:`])),
    ]);
}

/** Time limit for reading one file: if others can write to its directory, they can replace it by a FIFO at any moment. */
const READ_SECONDS = 60;

/** Defines `show_files` and `show_texts`. */
export const showFilesLibrary: Shell = sh`${header({ read_seconds: READ_SECONDS })}${shellFile(showFiles)}`;

export interface FoundFile {
    path: string;
    mode: string;
    owner: string;
    uid: string;
    group: string;
    gid: string;
    /** Hex SHA-256 of the content; if it isn't a regular file, its kind: link, fifo, socket, directory, device. */
    digest: string;
}

/** The found file, with owner and group in the declared form (name or number) if that is the same owner and group. */
export function spelledAs(found: FoundFile, declared: { owner?: string; group?: string } = {}): FoundFile {
    const spelled = (wanted: string | undefined, name: string, id: string) =>
        wanted !== undefined && /^\d+$/.test(wanted) && Number(wanted) === Number(id) ? wanted : name;
    return {
        ...found,
        owner: spelled(declared.owner, found.owner, found.uid),
        group: spelled(declared.group, found.group, found.gid),
    };
}

export function foundFiles(lines: readonly string[]): Map<string, FoundFile> {
    return new Map(
        lines.map((line) => {
            const [mode = "", user = "", users = "", digest = "", ...rest] = line.split(" ");
            const path = rest.join(" ");
            const [owner = "", uid = ""] = user.split(":");
            const [group = "", gid = ""] = users.split(":");
            return [path, { path, mode, owner, uid, group, gid, digest }];
        }),
    );
}

/** Base64 in lines, which has no character that is special in a here-document. */
function encoded(content: Buffer): Shell {
    return joinShell((content.toString("base64").match(/.{1,76}/g) ?? []).map((line) => sh`${line}`));
}
