import { joinShell, type Shell, sh } from "../shell";
import { encoded } from "./host-files";

export interface DropInToVerify {
    unit: string;
    /** File name: `override.conf`. */
    name: string;
    content: Buffer;
    /** Text of a unit that isn't on the host yet. */
    unitText?: string;
}

/**
 * Has systemd read drop-ins from a directory of their own, $trial (systemd-analyze(1), verify), while the program goes on: it
 * takes a twentieth of a second or more. `findings` waits for the outcome: where systemd finds fault with one, it gives
 * a block `findings` with a line `hello.service.d/override.conf:2: ...` each, and returns 0. What it says of the unit
 * itself is left out: that the unit's program isn't there, for one, is right for a portable one.
 */
export function verifyDropIns(dropIns: readonly DropInToVerify[]): Shell {
    if (dropIns.length === 0) return sh`findings() { return 1; }`;
    const units = new Map(dropIns.map(({ unit, unitText }) => [unit, unitText] as const));
    const files = [
        ...dropIns.map(({ unit, name, content }) => [`${unit}.d`, `${unit}.d/${name}`, content] as const),
        ...[...units].flatMap(([unit, text]) => (text === undefined ? [] : [[".", unit, Buffer.from(text)] as const])),
    ];
    return sh`
rm -rf -- "$trial"
mkdir -m 0700 -- "$trial" || exit
${joinShell(
    files.map(
        ([directory, file, content]) => sh`
mkdir -p -- "$trial"/${directory} && base64 -d >"$trial"/${file} <<END || exit
${encoded(content)}
END`,
    ),
)}
SYSTEMD_UNIT_PATH="$trial:" systemd-analyze verify ${[...units.keys()].map((unit) => unit.replace("@.", "@trial."))} >"$trial/said" 2>&1 9<&- &
verifying=$!
findings() {
    wait "$verifying"
    found=$(sed -n "s|^$trial/\\([^:]*\\.d/\\)|\\1|p" "$trial/said" | sort -u)
    rm -rf -- "$trial"
    [ -n "$found" ] && printf '%s\\n' "$found" | block findings
}
`;
}
