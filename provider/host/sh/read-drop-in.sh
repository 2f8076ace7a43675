say_machine
say_version
record=$records/files/$token
sed -n 's/^nonce //p' "$record" 2>/dev/null | while IFS= read -r nonce; do say nonce "$nonce"; done
with_paths show_files
with_texts show_texts
