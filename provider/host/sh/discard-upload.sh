rm -rf -- "${uploaded%/*}"
rmdir "$records/incoming" "$records" 2>/dev/null
say discarded
