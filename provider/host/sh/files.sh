record="$records/files/$token" undo="$records/files/.$token.undo" fresh="$records/files/.$token.new"
was="$undo/was$record"
changed= noted= directories= back= loose=
claim() {
    clear=0
    [ $# != 0 ] || return 0
    owned=
    for path; do owned="$owned${owned:+$newline}path $path"; done
    # shellcheck disable=SC2062
    owned=$newline$(grep -sHFx -f - -- "$records"/files/* <<END
$owned
END
)$newline
    for path; do
        case $owned in
            *"$newline$record:path $path$newline"*) ;;
            *":path $path$newline"*)
                other=$(grep -lFx -- "path $path" "$records"/files/* | head -n 1)
                sed -n 's/^urn //p' "$other" | block "taken $path"; clear=1 ;;
            *)
                if { [ -e "$path" ] || [ -L "$path" ]; } && ! listed "$adopted" "$path"; then
                    block "taken $path" </dev/null; clear=1
                fi ;;
        esac
    done
}
# looked_up KIND DATABASE NAME returns 1, with the reason in $unknown_name, if the host has no such user or group. The time
# limit keeps a directory service that doesn't answer from holding up the lock.
looked_up() {
    case $3 in root) return ;; *[!0-9]*) ;; *) return ;; esac
    timeout "$lookup_seconds" getent "$2" -- "$3" >/dev/null && return
    [ $? != 124 ] || { unknown_name="looking up the $1 $3 took over $lookup_seconds s"; return 1; }
    unknown_name="there is no $1 $3"
    return 1
}
resolved_paths=$newline
# able PATH OWNER GROUP returns 1, with the reason as the block `unable PATH`, if root can't make the file, or shouldn't.
able() {
    looked_up user passwd "$2" && looked_up group group "$3" || { echo "$unknown_name" | block "unable $1"; return 1; }
    obstacle=
    parent=${1%/*}
    while [ -n "$parent" ] && [ ! -e "$parent" ] && [ ! -L "$parent" ]; do parent=${parent%/*}; done
    if [ -L "$parent" ] && [ ! -e "$parent" ]; then obstacle="$parent is a link to nothing"
    elif [ -e "$parent" ] && [ ! -d "$parent" ]; then obstacle="$parent isn't a directory"
    elif ! check_parents "$1"; then obstacle="$unsafe: what root writes there could be led elsewhere"
    elif [ ! -w "${parent:-/}" ]; then obstacle="the directory ${parent:-/} can't be written: its file system is read-only"
    elif [ -e "$1" ] && [ ! -f "$1" ] && [ ! -L "$1" ]; then obstacle="a $(stat -c %F -- "$1") is there, and no file"
    elif listed "$resolved_paths" "$resolved"; then obstacle="another declared path leads to the same file, $resolved"
    fi
    resolved_paths=$resolved_paths$resolved$newline
    [ -n "$obstacle" ] || return 0
    for own in "path $parent" "dir $1"; do
        ! grep -sqxF -- "$own" "$record" || obstacle="$obstacle; it is this resource's own, so do it in two updates, of which the first declares neither"
    done
    echo "$obstacle" | block "unable $1"
    return 1
}
# read_record FILE sets $noted, lines of paths and directories, and $applied.
read_record() {
    noted= applied=
    [ -e "$1" ] || return 0
    while IFS= read -r line; do
        case $line in
            "path "*|"dir "*) noted=$noted$newline$line ;;
            applied) applied=1 ;;
        esac
    done <"$1"
}
fresh_record() { printf 'urn %s\nnonce %s%s\n' "$urn" "$nonce" "$noted${1:+$newline$1}" >"$fresh"; }
write_record() { fresh_record "$@" && mv -f -- "$fresh" "$record"; }
note() { listed "$noted" "$1" || noted=$noted$newline$1; }
# Also notes a parent that another record created, so that whichever record is removed last deletes it.
note_parents() {
    parent=${1%/*}
    while [ -n "$parent" ] && [ ! -d "$parent" ]; do
        note "dir $parent"
        parent=${parent%/*}
    done
    [ -z "$parent" ] || ! listed "$made" "dir $parent" || note "dir $parent"
}
# $loose has recorded paths that are no longer declared and that others than root could redirect (an earlier version wrote
# them, or the directory has got another owner). They are neither copied nor restored, but removed after the commit.
# files_begin PATH... undoes what a killed run left, copies the present files at these paths and at other recorded ones, and
# records them all. It also records those of $directories that don't exist yet.
files_begin() {
    if [ -f "$undo/list" ]; then
        read_record "$record"
        if [ -n "$applied" ]; then forget_undo; else files_undo; fi
    fi
    [ ! -e "$undo" ] || rm -rf -- "$undo"
    mkdir -m 0700 -- "$undo" "$undo/was" || return
    # The name of a temporary file can't be guessed. It is stored here for a rollback in another process.
    read -r unique </proc/sys/kernel/random/uuid && printf '%s\n' "$unique" >"$undo/unique" || return
    kept= loose=
    keep "$record"
    read_record "$record"
    [ -n "$applied" ] || changed=1
    made=$(grep -sh '^dir ' -- "$records"/files/*)
    others= earlier=$noted
    for path; do
        note "path $path"
        note_parents "$path"
        keep "$path"
    done
    for directory in $directories; do
        [ -d "$directory" ] && ! listed "$made" "dir $directory" || note "dir $directory"
    done
    while IFS= read -r line; do
        path=${line#path }
        [ "$path" != "$line" ] || continue
        for wanted; do [ "$wanted" != "$path" ] || continue 2; done
        if ! check_parents "$path"; then loose=$loose$path$newline; continue; fi
        others=$others$path$newline
        keep "$path"
    done <<END
$earlier
END
    listing=$others
    for path; do listing=$listing$path$newline; done
    [ -z "$kept" ] || copy_kept
}
# Each line of $kept is one word, even if it has blanks.
# shellcheck disable=SC2086
copy_kept() ( IFS=$newline; set -f; exec cp -pP --parents -t "$undo/was" -- $kept )
# A FIFO or a device must not be read, and a directory can't be one of the files.
keep() { [ ! -f "$1" ] && [ ! -L "$1" ] || kept=$kept$1$newline; }
# files_sync PATH... syncs the paths and the copies (those in $back, too) before the list and the record name them. $undo
# and the directory of the records must be synced after it.
files_sync() {
    printf %s "$listing" >"$undo/list.new" && fresh_record &&
        find "$undo" ${back:+"$back"} ! -type l -exec sync -- "$fresh" "$@" {} + &&
        mv -f -- "$undo/list.new" "$undo/list" && mv -f -- "$fresh" "$record"
}
temporary_of() { temporary=${1%/*}/.pulumi-portable.$unique; }
# put PATH MODE OWNER:GROUP writes a file from base64, completely or not at all.
put() {
    [ -d "${1%/*}/" ] || mkdir -p -m 0755 -- "${1%/*}" || return
    temporary_of "$1"
    if [ "$2 $3" = "0644 root:root" ] && [ ! -g "${1%/*}/" ]; then (set -C; exec base64 -d >"$temporary")
    else (umask 077; set -C; exec base64 -d >"$temporary") && chmod "$2" -- "$temporary" && timeout "$lookup_seconds" chown "$3" -- "$temporary"
    fi && sync "$temporary" || {
        rm -f -- "$temporary"; return 1
    }
    if [ -f "$1" ] && [ ! -L "$1" ] && cmp -s -- "$temporary" "$1"; then
        # shellcheck disable=SC2046
        set -- "$1" $(stat -c %a:%u:%g -- "$temporary" "$1")
        if [ "$2" = "$3" ]; then rm -f -- "$temporary"; return 0; fi
    fi
    mv -fT -- "$temporary" "$1" || { rm -f -- "$temporary"; return 1; }
    changed=1
}
drop_others() {
    while IFS= read -r path; do
        [ -n "$path" ] || continue
        # A directory in place of a file was made by someone else.
        if [ -L "$path" ] || { [ -e "$path" ] && [ ! -d "$path" ]; }; then rm -f -- "$path" || return; changed=1; fi
        forget "path $path"
    done <<END
$others
END
}
forget() {
    kept_lines=
    while IFS= read -r line; do [ -z "$line" ] || [ "$line" = "$1" ] || kept_lines=$kept_lines$newline$line; done <<END
$noted
END
    noted=$kept_lines
}
# sync_listed reads paths, one a line, and syncs each of them and its directory.
sync_listed() {
    while IFS= read -r path; do
        [ ! -e "$path" ] || printf '%s\n' "$path"
        [ ! -d "${path%/*}" ] || printf '%s\n' "${path%/*}"
    done | sort -u | xargs -r -d '\n' sync --
}
recorded() { sed -n 's/^path //p' "$record" 2>/dev/null; }
dirs_of() { sed -n 's/^dir //p' "$1" 2>/dev/null | sort -r; }
empty_dirs() { dirs_of "$1" | for_entries rmdir -- 2>/dev/null; }
prune_dirs() {
    case $noted in *"$newline"dir\ *) ;; *) return ;; esac
    write_record
    empty_dirs "$record"
    while IFS= read -r dir; do [ -z "$dir" ] || [ -e "$dir" ] || forget "dir $dir"; done <<END
$(dirs_of "$record")
END
}
files_undo() {
    [ -f "$undo/list" ] || { forget_undo; return; }
    forget_parents
    read -r unique <"$undo/unique" || unique=none
    while IFS= read -r path; do
        temporary_of "$path"
        if ! check_parents "$path"; then undo_loose "$path"
        elif [ -e "$undo/was$path" ] || [ -L "$undo/was$path" ]; then
            mkdir -p -- "${path%/*}"
            cp -pP -- "$undo/was$path" "$temporary" && mv -fT -- "$temporary" "$path"
        else
            rm -f -- "$temporary" "$path"
        fi
    done <"$undo/list"
    sync_listed <"$undo/list"
    empty_dirs "$record"
    if [ -e "$was" ]; then cp -p -- "$was" "$fresh" && mv -f -- "$fresh" "$record"; else rm -f -- "$record" "$fresh"; fi
    forget_undo
}
# Restores a file in a directory that has another owner by now. mv replaces an entry of that name and doesn't follow a link.
undo_loose() {
    if [ -f "$undo/was$1" ]; then
        cp -pP -- "$undo/was$1" "$undo/restored" && in_parent "$1" mv -fT -- "$undo/restored"
    else
        in_parent "$1" rm -f --
    fi
}
# The list is removed first: an incomplete copy must never be taken for a complete one.
forget_undo() { rm -rf -- "$undo/list" "$undo" "$fresh"; }
remove_all() {
    recorded | for_entries rm -f --
    empty_dirs "$record"
    forget_undo
    rm -f -- "$record" "$fresh"
}
files_commit() { forget_parents; remove_loose; prune_dirs; write_record applied; forget_undo; }
remove_loose() {
    while IFS= read -r path; do
        [ -n "$path" ] || continue
        in_parent "$path" rm -f --
        forget "path $path"
    done <<END
$loose
END
}
