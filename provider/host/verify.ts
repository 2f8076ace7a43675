import { joinShell, type Shell, sh } from "./shell";

export interface DropInToVerify {
    unit: string;
    /** File name: `override.conf`. */
    name: string;
    content: Buffer;
    /** Text of a unit that isn't on the host yet. */
    unitText?: string;
}

/** systemd that knows `--recursive-errors=`. */
const RECURSIVE_ERRORS_SINCE = 250;

/**
 * Has systemd read drop-ins from a directory of their own, $trial (systemd-analyze(1), verify), while the program goes
 * on. What the units depend on is left out where systemd can do that, in a third of the time. `findings` waits for the
 * outcome: where systemd finds fault with one, it gives a block `findings` with a line
 * `hello.service.d/override.conf:2: ...` each, and returns 0. What it says of the unit itself is left out: that the
 * unit's program isn't there, for one, is right for a portable one.
 */
export function verifyDropIns(dropIns: readonly DropInToVerify[], systemdVersion: Shell): Shell {
    if (dropIns.length === 0) return sh`findings() { return 1; }`;
    const units = new Map(dropIns.map(({ unit, unitText }) => [unit, unitText] as const));
    const files = [
        ...dropIns.map(
            ({ unit, name, content }) => [`${unit}.d/${name}`, content.toString().replaceAll("\0", "")] as const,
        ),
        ...[...units].flatMap(([unit, text]) =>
            text === undefined ? [] : [[unit, text.replaceAll("\0", "")] as const],
        ),
    ];
    const directories = [...units.keys()].map((unit) => sh`"$trial"/${unit}.d`);
    return sh`
[ ! -e "$trial" ] || rm -rf -- "$trial"
mkdir -m 0700 -- "$trial" ${directories} || exit
${joinShell(files.map(([file, content]) => sh`text ${content} >"$trial"/${file} || exit`))}
shallow=--recursive-errors=no
[ ${systemdVersion} -ge ${RECURSIVE_ERRORS_SINCE} ] || shallow=
SYSTEMD_UNIT_PATH="$trial:" systemd-analyze verify $shallow ${[...units.keys()].map((unit) => unit.replace("@.", "@trial."))} >"$trial/said" 2>&1 9<&- &
verifying=$!
findings() {
    wait "$verifying"
    [ -f "$trial/said" ] || exit
    found=
    while IFS= read -r said; do
        path=\${said%%:*}
        case $path in "$trial"/*.d/*) found="$found\${said#"$trial"/}
" ;; esac
    done <"$trial/said"
    rm -rf -- "$trial" &
    [ -n "$found" ] && printf %s "$found" | sort -u | block findings
}
`;
}
