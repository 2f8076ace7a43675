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
 * Has systemd read drop-ins from a directory of their own (systemd-analyze(1), verify). Where it finds fault with one,
 * the block `findings` has a line `hello.service.d/override.conf:2: ...` each, and the program ends with status 1. What
 * it says of the unit itself is left out: that the unit's program isn't there, for one, is right for a portable one.
 */
export function verifyDropIns(dropIns: readonly DropInToVerify[]): Shell {
    if (dropIns.length === 0) return sh`:`;
    const units = new Map(dropIns.map(({ unit, unitText }) => [unit, unitText] as const));
    const files = [
        ...dropIns.map(({ unit, name, content }) => [`${unit}.d`, `${unit}.d/${name}`, content] as const),
        ...[...units].flatMap(([unit, text]) => (text === undefined ? [] : [[".", unit, Buffer.from(text)] as const])),
    ];
    return sh`
trial=$(mktemp -d) || exit
${joinShell(
    files.map(
        ([directory, file, content]) => sh`
mkdir -p -- "$trial"/${directory} && base64 -d >"$trial"/${file} <<END || exit
${encoded(content)}
END`,
    ),
)}
findings=$(SYSTEMD_UNIT_PATH="$trial:" systemd-analyze verify ${[...units.keys()].map((unit) => unit.replace("@.", "@trial."))} 2>&1 | sed -n "s|^$trial/\\([^:]*\\.d/\\)|\\1|p" | sort -u)
rm -rf -- "$trial"
if [ -n "$findings" ]; then printf '%s\\n' "$findings" | block findings; exit 1; fi
`;
}
