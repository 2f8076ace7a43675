import { type Shell, sh } from "../shell";
import { askForMetadata, metadataNote } from "./image-metadata";
import { IMAGES_DIRECTORY, imageName } from "./paths";
import { lock, lookAtHost, type Owner, takeLock, tidyAtEnd } from "./prelude";

/*
 * Images on a host are immutable files. `images/<file>/<token>` in our records says who wants which;
 * a directory there without a token in it is a file that may go once nothing is attached to it.
 */

/**
 * Deletes every image of ours that nobody wants, that is attached nowhere and mounted nowhere; says
 * `kept PATH` of those still in use. Needs the lock.
 */
export const sweepLibrary: Shell = sh`
in_use() {
    grep -qsFx -- "RootImage=$1" /etc/systemd/system.attached/*.d/*.conf /run/systemd/system.attached/*.d/*.conf && return 0
    for link in /etc/portables/* /run/portables/*; do
        [ "$(readlink -f -- "$link")" != "$1" ] || return 0
    done
    # A service that has just ended frees its loop device a moment later.
    for try in 1 2 3 4 5 6 7 8 9 10; do
        mounted "$1" || return 1
        sleep 0.1
    done
}
mounted() {
    # By inode: the kernel shows the loop devices of containers too, where the same path is another file.
    [ -e "$1" ] && losetup --associated "$1" 2>/dev/null | grep -q .
}
sweep() {
    # Of uploads that were cut off.
    for part in ${IMAGES_DIRECTORY}/.part-*; do [ ! -e "$part" ] || rm -f -- "$part"; done
    for want in "$records"/images/*; do
        set -- "$want"/*
        [ -d "$want" ] && [ ! -e "$1" ] && rm -f -- "$want/.metadata" "$want/.metadata.new" && rmdir -- "$want" 2>/dev/null || continue
        image=${IMAGES_DIRECTORY}/\${want##*/}
        if in_use "$image"; then
            mkdir -p -m 0700 -- "$want"
            say kept "$image"
        else
            rm -f -- "$image"
        fi
    done
}
`;

/**
 * First look, before an upload of `sizeBytes` bytes: what the host is, whether the image is there
 * already (`present SHA256`), free space (`free BYTES`), and a directory that the login may write to
 * (`incoming PATH`) on the file system of the images.
 */
export function lookForImage(image: { path: string; digest: string; sizeBytes: number }): Shell {
    return sh`
${lookAtHost}
say machine "$(uname -m)"
if [ -f ${image.path} ]; then
    present=$(sha256sum <${image.path} | cut -c 1-64)
    say present "$present"
    [ "$present" != ${image.digest} ] || exit 0
fi
command -v portablectl >/dev/null 2>&1 || exit 0
say free "$(df -B 1 --output=avail /var/lib | tail -n 1 | tr -d ' ')"
[ ! -d "$records/incoming" ] || find "$records/incoming" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
[ "$(df -B 1 --output=avail /var/lib | tail -n 1)" -gt ${image.sizeBytes} ] || exit 0
# It is asked about the image as soon as that is there, and ends by itself when nobody asks for a while.
systemctl start --no-block systemd-portabled.service 2>/dev/null &
# Another operation that ends right now takes away empty directories.
for try in 1 2 3 4 5; do
    mkdir -p -m 0711 "$records" && mkdir -p -m 0711 "$records/incoming" && incoming=$(mktemp -d "$records/incoming/XXXXXXXX") && break
done
if [ -d "$incoming" ] && chown -- "\${SUDO_UID:-0}" "$incoming"; then say incoming "$incoming"
else rmdir "$records/incoming" "$records" 2>/dev/null; fi
`;
}

/** Takes away an upload that came to nothing, with the directory that was made for it. */
export function discardUpload(uploaded: string): Shell {
    return sh`
uploaded=${uploaded}
rm -rf -- "\${uploaded%/*}"
rmdir "$records/incoming" "$records" 2>/dev/null
say discarded
`;
}

/** Longer than any upload takes: a client that is silent but there isn't waited for any longer. */
const LONGEST_UPLOAD_SECONDS = 86_400;

/**
 * Takes an uploaded file (none where it was present) into its place, by rename, once its digest is the wanted one. It is
 * read as it comes: the client uploads to `uploaded` when it hears `receiving`, and sends a line when that is done.
 * Then it is the newest of the `retain` images that the owner wants, of which `adopted`, the path that the state has, is
 * one even if no record says so. Says `digest SHA256`, `retained PATH` for each one that stays, and `done`; then it
 * keeps what portabled says of the image, and sweeps.
 */
export function commitImage(
    image: { path: string; fileName: string; digest: string },
    uploaded: string | undefined,
    owner: Owner,
    { retain, adopted }: { retain: number; adopted: string },
): Shell {
    return sh`
${tidyAtEnd}
image=${image.path} want="$records/images"/${image.fileName} uploaded=${uploaded ?? ""} asked=
if [ -n "$uploaded" ]; then
    incoming=\${uploaded%/*}
    say receiving
    # Of the client's word. No child of ours: one that has ended and isn't waited for yet would pass for alive.
    coming=$(timeout ${LONGEST_UPLOAD_SECONDS} head -n 1 <&8 >/dev/null & echo $!)
    while [ ! -e "$uploaded" ] && kill -0 "$coming" 2>/dev/null; do sleep 0.05; done
    # It ends with that, when all is read.
    digest=$(tail -f -c +1 -s 0.01 --pid="$coming" -- "$uploaded" | sha256sum | cut -c 1-64)
    # A server that doesn't write in order leaves holes for a moment.
    [ "$digest" = ${image.digest} ] || digest=$(sha256sum <"$uploaded" | cut -c 1-64)
    say digest "$digest"
    [ "$digest" = ${image.digest} ] || exit 1
fi
${takeLock}
${sweepLibrary}
make_records images && { [ -d "$want" ] || mkdir -m 0700 -- "$want"; } || exit
if [ -n "$uploaded" ]; then
    mkdir -p -m 0700 ${IMAGES_DIRECTORY}
    part=${IMAGES_DIRECTORY}/.part-${image.fileName}
    mv -f -- "$uploaded" "$part" && chown root:root "$part" && chmod 0644 "$part" || exit
    note=${metadataNote(image.path)}
    rm -f -- "$note"
    sync "$part" && mv -f -- "$part" "$image" || exit
    { ${askForMetadata(sh`"$image"`, [], imageName(image.path))} >"$note.new" 2>/dev/null && sync "$note.new"; } &
    asked=$!
    sync ${IMAGES_DIRECTORY} || exit
else
    # The look has just read it whole.
    [ -f "$image" ] || exit 1
fi
${adopt(adopted)}
[ -z "$unknown" ] || printf 'urn %s\\nnonce %s\\n' ${owner.urn} ${owner.nonce} >"$unknown"/${owner.token} || exit
printf 'urn %s\\nnonce %s\\n' ${owner.urn} ${owner.nonce} >"$want"/${owner.token} || exit
# The newest wants stay, for a way back without an upload.
stays=${retain}
while IFS= read -r kept; do
    if [ "$stays" = 0 ]; then rm -f -- "$kept"; continue; fi
    stays=$((stays - 1)) kept=\${kept%/*}
    say retained ${IMAGES_DIRECTORY}/"\${kept##*/}"
done <<END
$(ls -t "$records"/images/*/${owner.token})
END
say done
if [ -n "$asked" ]; then
    # On a full disk busctl ends well with half of it.
    if wait "$asked" && [ "$(tail -c 3 "$note.new")" = ']}' ]; then mv -f -- "$note.new" "$note"; else rm -f -- "$note.new"; fi
fi
sweep
`;
}

/** What is there under the path: `present SHA256 BYTES`, and whether the owner's want is (`wanted`). */
export function readImage(image: { path: string; fileName: string }, owner: Pick<Owner, "token">): Shell {
    return sh`
${lookAtHost}
[ ! -f ${image.path} ] || say present "$(sha256sum <${image.path} | cut -c 1-64)" "$(stat -c %s ${image.path})"
[ ! -f "$records/images"/${image.fileName}/${owner.token} ] || say wanted
`;
}

/** Takes a file that no record knows (imported, or the records were lost) into them: $unknown is its place there. */
function adopt(path: string): Shell {
    const fileName = path.startsWith(`${IMAGES_DIRECTORY}/`) ? path.slice(IMAGES_DIRECTORY.length + 1) : "";
    return fileName === "" || fileName.includes("/")
        ? sh`unknown=`
        : sh`
unknown="$records/images"/${fileName}
if [ -f ${path} ] && [ ! -d "$unknown" ]; then
    mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/images" "$unknown" || exit
else
    unknown=
fi`;
}

/**
 * Drops the owner's wants, all of them unless a later creation has one, and sweeps what is free; `adopted` too, the
 * path that the state has, where no record knows it.
 */
export function releaseImage(owner: Pick<Owner, "token" | "nonce">, machineId: string, adopted: string): Shell {
    return sh`
${lookAtHost}
[ "$(cat /etc/machine-id)" = ${machineId} ] || exit 0
${lock}
${sweepLibrary}
${adopt(adopted)}
ours=$(ls -t "$records"/images/*/${owner.token} 2>/dev/null | head -n 1)
if [ -n "$ours" ] && grep -qsFx ${`nonce ${owner.nonce}`} "$ours"; then rm -f -- "$records"/images/*/${owner.token}
else
    for want in "$records"/images/*/${owner.token}; do
        if grep -qsFx ${`nonce ${owner.nonce}`} "$want"; then rm -f -- "$want"; fi
    done
fi
sweep
say done
`;
}
