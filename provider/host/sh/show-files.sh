# Reports each file that exists: `file MODE OWNER GROUP SHA256 PATH`.
show_files() {
    for path; do
        [ ! -e "$path" ] || { digest=$(sha256sum <"$path"); say file "$(stat -c '%04a %U %G' -- "$path")" "${digest%% *}" "$path"; }
    done
}
# Reports the content of each file that exists as a block `content PATH`.
show_texts() { for path; do [ ! -f "$path" ] || block "content $path" <"$path"; done; }
