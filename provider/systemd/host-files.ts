import { joinShell, type Shell, sh } from "../shell";
import type { Owner } from "./prelude";

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
 * `claim PATH...` returns 1 where a path belongs to another record, or to nobody and exists, and gives the other's URN
 * (or nothing) as the block `taken PATH`. `able PATH OWNER GROUP` returns 1 where the file can't be made, and says why
 * in the block `unable PATH`. `put PATH MODE OWNER:GROUP` reads base64; `drop PATH` removes, `drop_others
 * PATH...` removes every file of the record but these. All set
 * `changed=1` when the host wasn't so already. `files_begin` first undoes what a killed run left. `sync_listed` reads
 * paths and waits until they are on the disk.
 */
export function filesLibrary(owner: Owner, adopted: readonly string[] = []): Shell {
    return sh`
adopted=$(printf '%s\\n' ${adopted})
token=${owner.token} nonce=${owner.nonce} urn=${owner.urn}
record="$records/files/$token" undo="$records/files/.$token.undo" fresh="$records/files/.$token.new"
changed=
claim() {
    clear=0
    for path; do
        other=$(grep -lFx -- "path $path" "$records"/files/* 2>/dev/null | grep -vFx -- "$record" | head -n 1)
        if [ -n "$other" ]; then
            sed -n 's/^urn //p' "$other" | block "taken $path"; clear=1
        elif { [ -e "$path" ] || [ -L "$path" ]; } && ! grep -qFx -- "path $path" "$record" 2>/dev/null &&
            ! printf '%s\\n' "$adopted" | grep -qFx -- "$path"; then
            block "taken $path" </dev/null; clear=1
        fi
    done
    return $clear
}
able() {
    case $2 in *[!0-9]*) getent passwd -- "$2" >/dev/null || { echo "there is no user $2" | block "unable $1"; return 1; } ;; esac
    case $3 in *[!0-9]*) getent group -- "$3" >/dev/null || { echo "there is no group $3" | block "unable $1"; return 1; } ;; esac
    parent=\${1%/*}
    while [ -n "$parent" ] && [ ! -e "$parent" ]; do parent=\${parent%/*}; done
    [ -z "$parent" ] || [ -d "$parent" ] || { echo "$parent isn't a directory" | block "unable $1"; return 1; }
}
files_begin() {
    if [ -d "$undo" ]; then if grep -qs '^applied$' "$record"; then forget_undo; else files_undo; fi; fi
    mkdir -p -m 0700 "$undo" || return
    chmod 0711 "$records"
    [ ! -e "$record" ] || cp -p -- "$record" "$undo/record" || return
    : >"$undo/list"
    grep -qs '^applied$' "$record" || changed=1
    { printf 'urn %s\\nnonce %s\\n' "$urn" "$nonce"; grep -s '^path \\|^dir ' "$record"; } >"$fresh"
    mv -f -- "$fresh" "$record"
}
noted() { grep -qFx -- "$1" "$record" || printf '%s\\n' "$1" >>"$record"; }
parents() {
    parent=\${1%/*}
    [ -n "$parent" ] || return 0
    if [ -d "$parent" ]; then
        grep -qsFx -- "dir $parent" "$records"/files/* && noted "dir $parent"
        return 0
    fi
    parents "$parent" || return
    parent=\${1%/*}
    noted "dir $parent" && mkdir -m 0755 -- "$parent"
}
keep() {
    kept=$((kept + 1))
    if [ -e "$1" ] || [ -L "$1" ]; then cp -pP -- "$1" "$undo/$kept" || return; fi
    printf '%s\\n' "$1" >>"$undo/list"
    printf '%s\\n' "$undo/$kept" "$undo/list" | sync_listed
}
kept=0
temporary_of() { printf '%s/.%s.pulumi-portable' "\${1%/*}" "\${1##*/}"; }
put() {
    noted "path $1" || return
    parents "$1" || return
    temporary=$(temporary_of "$1")
    (umask 077; base64 -d >"$temporary") && chmod "$2" -- "$temporary" && chown "$3" -- "$temporary" && sync "$temporary" "$record" || {
        rm -f -- "$temporary"; return 1
    }
    if [ ! -L "$1" ] && cmp -s -- "$temporary" "$1" && [ "$(stat -c %a:%u:%g -- "$temporary")" = "$(stat -c %a:%u:%g -- "$1")" ]; then
        rm -f -- "$temporary"
        return 0
    fi
    keep "$1" && mv -fT -- "$temporary" "$1" || { rm -f -- "$temporary"; return 1; }
    changed=1
}
drop() {
    if [ -e "$1" ] || [ -L "$1" ]; then keep "$1" && rm -f -- "$1" || return; changed=1; fi
    forgotten "path $1"
}
forgotten() {
    grep -vFx -- "$1" "$record" >"$fresh"
    mv -f -- "$fresh" "$record"
}
drop_others() {
    separators=$IFS
    IFS='
'
    for path in $(recorded); do
        IFS=$separators
        wanted=
        for other; do [ "$other" != "$path" ] || wanted=1; done
        [ -n "$wanted" ] || drop "$path" || return
    done
    IFS=$separators
}
# What is listed, one path a line, is on the disk for good after this, or gone from it.
sync_listed() {
    while IFS= read -r path; do
        [ ! -e "$path" ] || printf '%s\\n' "$path"
        [ ! -d "\${path%/*}" ] || printf '%s\\n' "\${path%/*}"
    done | sort -u | xargs -r -d '\\n' sync --
}
recorded() { sed -n 's/^path //p' "$record" 2>/dev/null; }
prune_dirs() {
    sed -n 's/^dir //p' "$record" | sort -r | while IFS= read -r dir; do
        if rmdir -- "$dir" 2>/dev/null || [ ! -e "$dir" ]; then forgotten "dir $dir"; fi
    done
}
empty_dirs() { sed -n 's/^dir //p' "$1" 2>/dev/null | sort -r | while IFS= read -r dir; do rmdir -- "$dir" 2>/dev/null; done; }
files_undo() {
    number=0
    recorded | while IFS= read -r path; do rm -f -- "$(temporary_of "$path")"; done
    while IFS= read -r path; do
        number=$((number + 1))
        if [ -e "$undo/$number" ] || [ -L "$undo/$number" ]; then
            mkdir -p -- "\${path%/*}"
            cp -pP -- "$undo/$number" "$(temporary_of "$path")" && mv -fT -- "$(temporary_of "$path")" "$path"
        else
            rm -f -- "$path"
        fi
    done <"$undo/list"
    sync_listed <"$undo/list"
    empty_dirs "$record"
    if [ -e "$undo/record" ]; then cp -p -- "$undo/record" "$fresh" && mv -f -- "$fresh" "$record"; else rm -f -- "$record" "$fresh"; fi
    forget_undo
}
# The list goes first: half of what is kept must never be taken for all of it.
forget_undo() { rm -f -- "$undo/list"; rm -rf -- "$undo"; }
remove_all() {
    recorded | while IFS= read -r path; do rm -f -- "$path"; done
    empty_dirs "$record"
    forget_undo
    rm -f -- "$record" "$fresh"
}
files_commit() { prune_dirs; noted applied; rm -f -- "$fresh"; forget_undo; }
`;
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
    return sh`[ ! -e "$path" ] || say file "$(stat -c '%04a %U %G' -- "$path")" "$(sha256sum <"$path" | cut -c 1-64)" "$path"`;
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
