newline='
'
# Directories whose owner and mode were read: $safe are root's alone, $unlike are lines `PATH//UID MODE TYPE` of all others.
# forget_parents has them read again, after a command of the user that may have changed them.
forget_parents() { asked=$newline safe=$newline unlike=; }
forget_parents
# know_parents PATH... reads owner and mode of all parent directories of the paths with one process.
know_parents() {
    unknown_parents=
    for below; do
        above=${below%/*}
        # Above one that was asked for all were.
        while ! listed "$asked" "${above:-/}"; do
            asked=$asked${above:-/}$newline unknown_parents=$unknown_parents${above:-/}$newline
            [ -n "$above" ] || break
            above=${above%/*}
        done
    done
    [ -z "$unknown_parents" ] || sort_parents
}
# Shells need the square of a text's length to cut off its beginning: a lookup in a long list is a `case`, or a loop over its lines.
sort_parents() {
    separators=$IFS IFS=$newline
    set -f
    for stat_line in $(stat_lines); do
        case ${stat_line##*//} in
            0\ *[2367]\ directory|0\ *[2367]?\ directory) unlike=$unlike$stat_line$newline ;;
            0\ *\ directory) safe=$safe${stat_line%//*}$newline ;;
            *) unlike=$unlike$stat_line$newline ;;
        esac
    done
    set +f
    IFS=$separators
}
# shellcheck disable=SC2086
stat_lines() { stat -c '%n//%u %a %F' -- $unknown_parents 2>/dev/null; }
listed() { case $newline$1$newline in *"$newline$2$newline"*) return 0 ;; esac; return 1; }
# stat_of DIRECTORY sets $kind to `UID MODE TYPE`, or to nothing if there is no such entry.
stat_of() {
    listed "$asked" "$1" || know_parents "$1/"
    kind=
    if listed "$safe" "$1"; then kind='0 755 directory'; return; fi
    separators=$IFS IFS=$newline
    set -f
    for stat_line in $unlike; do case $stat_line in "$1//"*) kind=${stat_line##*//}; break ;; esac; done
    set +f
    IFS=$separators
}
# Returns 1, with the reason in $unsafe, if others than root could replace entries of a directory.
check_directory() {
    stat_of "$1"
    case $kind in
        0\ *[2367]\ directory|0\ *[2367]?\ directory) unsafe="others than root can write to the directory $1" ;;
        0\ *\ directory) return 0 ;;
        *\ directory) unsafe="the directory $1 belongs to the user ${kind%% *}, not to root" ;;
        *) unsafe="$1 isn't a directory" ;;
    esac
    return 1
}
# check_parents PATH returns 1, with the reason in $unsafe, unless root alone decides which file the path names: root owns
# every directory that it leads through, links followed, and nobody else can write to one. Then nobody else can change
# that afterwards either, so that root may use the path. Directories that don't exist yet are root's once root makes them.
# $resolved is the path without links in its parents.
check_parents() {
    unsafe= resolved= here= links_left=40 rest=${1#/}
    check_directory / || return
    while :; do
        case $rest in */*) ;; *) resolved=$here/$rest; return 0 ;; esac
        part=${rest%%/*} rest=${rest#*/}
        case $part in
            ''|.) continue ;;
            ..) here=${here%/*}; continue ;;
        esac
        stat_of "$here/$part"
        case $kind in
            '') resolved=$here/$part/$rest; return 0 ;;
            *' symbolic link')
                links_left=$((links_left - 1))
                [ "$links_left" -gt 0 ] || { unsafe="$here/$part is a link that leads in a circle"; return 1; }
                link=$(readlink -- "$here/$part")
                case $link in /*) here= ;; esac
                rest=${link#/}/$rest
                ;;
            *) here=$here/$part; check_directory "$here" || return ;;
        esac
    done
}
# in_parent PATH COMMAND... runs the command with ./NAME in the directory of the path. It does nothing if a link leads to that
# directory. Replacing the directory meanwhile has no effect, as the working directory stays the one that was checked.
in_parent() (
    directory=${1%/*} entry=./${1##*/}; shift
    cd -P -- "${directory:-/}" 2>/dev/null && [ "$PWD" = "${directory:-/}" ] || exit 1
    exec "$@" "$entry"
)
print_lines() { for path; do printf '%s\n' "$path"; done; }
# for_entries COMMAND... reads paths, one a line, and runs a command that removes entries of directories: once for all paths
# in directories of root, and one by one, from within the directory, for those that others could replace.
for_entries() {
    entries=
    while IFS= read -r listed_entry; do
        if check_parents "$listed_entry"; then entries=$entries$listed_entry$newline; else in_parent "$listed_entry" "$@"; fi
    done
    printf %s "$entries" | xargs -r -d '\n' "$@"
}
