# Says what is under each path: `file MODE OWNER GROUP SHA256 PATH`, nothing where nothing is.
show_files() {
    for path; do
        [ ! -e "$path" ] || { digest=$(sha256sum <"$path"); say file "$(stat -c '%04a %U %G' -- "$path")" "${digest%% *}" "$path"; }
    done
}
# The content of each path that is there, as a block `content PATH`.
show_texts() { for path; do [ ! -f "$path" ] || block "content $path" <"$path"; done; }
