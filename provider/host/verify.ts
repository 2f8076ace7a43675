import verify from "./sh/verify.sh";
import { header, headerFunction, joinShell, type Shell, sh, shellFile } from "./shell";

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
 * Defines `verify_drop_ins`, which has systemd (of version $systemd_version) read the drop-ins from a directory of their
 * own, $trial, in the background (systemd-analyze(1), verify), and `findings`, which waits for it and reports lines like
 * `hello.service.d/override.conf:2: ...` as the block `findings`. Where systemd can leave out what the units depend on,
 * it takes a third of the time.
 */
export function verifyDropIns(dropIns: readonly DropInToVerify[]): Shell {
    if (dropIns.length === 0) return sh`${header({ trial_units: "" })}findings() { return 1; }`;
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
${header({
    trial_units: [...units.keys()].map((unit) => unit.replace("@.", "@trial.")),
    recursive_errors_since: RECURSIVE_ERRORS_SINCE,
})}
${headerFunction(
    "make_trial",
    joinShell(
        [
            sh`mkdir -m 0700 -- "$trial" ${directories}`,
            ...files.map(([file, content]) => sh`text ${content} >"$trial"/${file}`),
        ],
        " && ",
    ),
)}
${shellFile(verify)}
`;
}
