import { IMAGES_DIRECTORY, imageName } from "../systemd/paths";
import { askForMetadata, metadataNote } from "./image-metadata";
import type { Owner } from "./owner";
import { lock, lookAtHost, lookAtMachine, lookAtVersion, takeLock, tidyAtEnd } from "./program";
import { joinShell, type Shell, sh } from "./shell";

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
        [ -d "$want" ] && [ ! -e "$1" ] && rm -f -- "$want/.metadata" "$want/.metadata.new" "$want/.chunks" && rmdir -- "$want" 2>/dev/null || continue
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
 * First look, before an upload of `sizeBytes` bytes: what the host is, whether the image is there already (`present
 * SHA256`), free space (`free BYTES`), a directory that the login may write to (`incoming PATH`) on the file system of
 * the images, and what the image `before` is made of (the block `chunks`), where that is known.
 */
export function lookForImage(image: { path: string; digest: string; sizeBytes: number }, before: string): Shell {
    return sh`
${lookAtMachine}
{ ${lookAtVersion} say machine "$(uname -m)"; } &
asked=$!
if [ -f ${image.path} ]; then
    present=$(sha256sum <${image.path} | cut -c 1-64)
    say present "$present"
    [ "$present" != ${image.digest} ] || { wait "$asked"; exit 0; }
fi
command -v portablectl >/dev/null 2>&1 || { wait "$asked"; exit 0; }
free=$(df -B 1 --output=avail /var/lib) free=\${free##*[!0-9]}
say free "$free"
[ ! -d "$records/incoming" ] || find "$records/incoming" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
[ "$free" -gt ${image.sizeBytes} ] || { wait "$asked"; exit 0; }
# It is asked about the image as soon as that is there, and ends by itself when nobody asks for a while.
systemctl start --no-block systemd-portabled.service >/dev/null 2>&1 &
# Another operation that ends right now takes away empty directories.
for try in 1 2 3 4 5; do
    [ -d "$records/incoming" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0711 "$records/incoming"; }
    incoming=$(mktemp -d "$records/incoming/XXXXXXXX") && break
done
if [ -d "$incoming" ] && { [ -z "\${SUDO_UID-}" ] || chown -- "$SUDO_UID" "$incoming"; }; then say incoming "$incoming"
else rmdir "$records/incoming" "$records" 2>/dev/null; fi
# Its lines aren't to come in the middle of a block.
wait "$asked"
${
    isOurs(before)
        ? sh`[ ! -f ${before} ] || [ ! -f ${chunksNote(before)} ] || block chunks <${chunksNote(before)}`
        : undefined
}
`;
}

/** Where an upload keeps what the image is made of: of that, the next one needs only what is new. */
function chunksNote(image: string): Shell {
    return sh`"$records/images"/${fileNameOf(image)}/.chunks`;
}

function isOurs(image: string): boolean {
    const fileName = fileNameOf(image);
    return image === `${IMAGES_DIRECTORY}/${fileName}` && fileName !== "" && !fileName.includes("/");
}

function fileNameOf(image: string): string {
    return image.slice(IMAGES_DIRECTORY.length + 1);
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

/** How an image comes to the host. */
export interface Arrival {
    /** Path of a file that isn't there yet. */
    uploaded: string;
    /** Made out of this image and of what the client sends; else the client uploads all of it. */
    from?: { image: string; parts: readonly Part[] };
    /** What it is made of, for the next one. */
    index: string;
}

/** Bytes of a new file: a copy of the old one's, from an offset on, or what comes next from the client. */
interface Part {
    from: "old" | "new";
    offset: number;
    length: number;
}

/**
 * Takes an image (none where it was present) into its place, by rename, once its digest is the wanted one. It is read
 * as it comes: when it hears `receiving` the client uploads to `uploaded`, and sends a line when that is done; or sends
 * what is new of it. Then it is the newest of the `retain` images that the owner wants, of which `adopted`, the path that the state has, is
 * one even if no record says so. Says `digest SHA256`, `retained PATH` for each one that stays, and `done`; then it
 * keeps what portabled says of the image, and sweeps.
 */
export function commitImage(
    image: { path: string; fileName: string; digest: string; sizeBytes: number },
    arrival: Arrival | undefined,
    owner: Owner,
    { retain, adopted }: { retain: number; adopted: string },
): Shell {
    return sh`
${tidyAtEnd}
image=${image.path} want="$records/images"/${image.fileName} uploaded=${arrival?.uploaded ?? ""} asked= said= wanted=${image.digest}
if [ -n "$uploaded" ]; then
    incoming=\${uploaded%/*}
    say receiving
    ${arrival?.from === undefined ? sh`${receive}${checkDigest}` : assemble(arrival.from, image.sizeBytes)}
    # On the disk, and what portabled finds in it: meanwhile the digest, or what comes next.
    { chown root:root "$uploaded" && chmod 0644 "$uploaded" && sync "$uploaded"; } &
    keeping=$!
    ${askForMetadata(sh`"$uploaded"`, [], imageName(image.path))} >"$incoming/metadata" 2>/dev/null &
    asked=$!
    ${arrival?.from === undefined ? undefined : sh`${digestOf}${checkDigest}`}
fi
${takeLock}
${sweepLibrary}
make_records images && { [ -d "$want" ] || mkdir -m 0700 -- "$want"; } || exit
if [ -n "$uploaded" ]; then
    note=${metadataNote(image.path)}
    [ ! -e "$note" ] || rm -f -- "$note"
    : >"$note.new"
    [ -d ${IMAGES_DIRECTORY} ] || mkdir -p -m 0700 ${IMAGES_DIRECTORY}
    part=${IMAGES_DIRECTORY}/.part-${image.fileName}
    # portabled still needs it under its own name, which goes in the end.
    wait "$keeping" || exit
    # Where that is another file system, or a subvolume of its own, there is no link between them.
    ln -f -- "$uploaded" "$part" 2>/dev/null || { cp -p --reflink=auto -- "$uploaded" "$part" && sync "$part"; } || exit
    mv -f -- "$part" "$image" && sync ${IMAGES_DIRECTORY} || exit
else
    # The look has just read it whole.
    [ -f "$image" ] || exit 1
fi
${adopt(adopted)}
${arrival === undefined ? undefined : sh`text ${arrival.index} >"$want/.chunks"`}
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
    wait "$asked" && said=$(cat "$incoming/metadata")
    # On a full disk busctl ends well with half of it.
    case $said in
        *"\\"$uploaded\\""*']}') printf '%s%s%s\\n' "\${said%%"$uploaded"*}" "$image" "\${said#*"$uploaded"}" >"$note.new" && sync "$note.new" && mv -f -- "$note.new" "$note" ;;
    esac
    rm -f -- "$note.new"
fi
sweep
`;
}

const digestOf: Shell = sh`digest=$(sha256sum <"$uploaded" | cut -c 1-64)
`;

const checkDigest: Shell = sh`
    say digest "$digest"
    [ "$digest" = "$wanted" ] || exit 1
`;

/** Reads a file while it grows: its digest is there with its last byte. */
const receive: Shell = sh`
    # Of the client's word. No child of ours: one that has ended and isn't waited for yet would pass for alive.
    coming=$(timeout ${LONGEST_UPLOAD_SECONDS} head -n 1 <&8 >/dev/null & echo $!)
    while [ ! -e "$uploaded" ] && kill -0 "$coming" 2>/dev/null; do sleep 0.05; done
    # It ends with that, when all is read.
    digest=$(tail -f -c +1 -s 0.01 --pid="$coming" -- "$uploaded" | sha256sum | cut -c 1-64)
    # A server that doesn't write in order leaves holes for a moment.
    [ "$digest" = "$wanted" ] || ${digestOf}`;

/** Puts a file together; where a part can't be had, it has another size or digest. */
function assemble({ image, parts }: NonNullable<Arrival["from"]>, sizeBytes: number): Shell {
    const each = parts.map(
        ({ from, offset, length }) => sh`${from} ${length}${from === "old" ? sh` ${offset}` : sh``}`,
    );
    return sh`
    old() { dd if=${image} bs=1M iflag=skip_bytes,count_bytes count="$1" skip="$2" status=none; }
    # Not head(1): one that buffers its input takes what is for the next.
    new() { timeout ${LONGEST_UPLOAD_SECONDS} dd bs=256K iflag=fullblock,count_bytes count="$1" status=none <&8; }
    { ${joinShell(each, " && ")}; } >"$uploaded"
    [ "$(stat -c %s -- "$uploaded")" = ${sizeBytes} ] || exit 1
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
    return !isOurs(path)
        ? sh`unknown=`
        : sh`
unknown="$records/images"/${fileNameOf(path)}
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
