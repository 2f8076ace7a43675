import { ATTACHED_DIRECTORIES, RECORDS_DIRECTORY, UNITS_DIRECTORY } from "../../systemd/paths";
import { isTemplate } from "../../systemd/unit-states";
import { filesLibrary } from "../files";
import type { Owner } from "../owner";
import { aloneLibrary } from "../portabled-252";
import { program, settleLibrary } from "../program";
import type { Report } from "../report";
import { type Shell, sh } from "../shell";
import { stopBeforeSwitch } from "./before-switch";
import type { Attachment } from "./look";
import type { SwitchPlan } from "./plan";

/*
 * The way back of a switch lies on the host before anything is changed: a copy of all that attaching
 * and enabling wrote, and a program that puts it back. The switch runs it when a step fails or nobody
 * confirms; a watch, which waits for the lock that the switch holds, runs it as soon as the switch was
 * killed; a unit runs it at boot, before any service starts, when the host lost power in between. It
 * works on files alone, since at boot neither D-Bus nor portabled is there yet.
 */

/** Seconds that the client has to confirm that it still reaches the host. */
export const CONFIRM_SECONDS = 30;

/** Unit that puts back at boot; there only while a switch is under way. */
function bootUnit(name: string): string {
    return `pulumi-portable-${name}.service`;
}

function bootLink(name: string): string {
    return `${UNITS_DIRECTORY}/sysinit.target.wants/${bootUnit(name)}`;
}

function backDirectory(name: string): string {
    return `${RECORDS_DIRECTORY}/services/${name}.back`;
}

/** `attached_paths` lists every file that attaching and enabling has written for the units, one a line. */
function attachedPathsLibrary(name: string, plan: SwitchPlan): Shell {
    const units = unitsOf(plan);
    const extensions = [...plan.image.extensions, ...(plan.previous?.extensions ?? [])];
    const extensionLinks = [...new Set(extensions.map((path) => path.split("/").pop() ?? ""))].flatMap((file) => [
        `/etc/portables/${file}`,
        `/run/portables/${file}`,
    ]);
    const either = (tests: string[][]) => [
        "(",
        ...tests.flatMap((test, at) => (at === 0 ? test : ["-o", ...test])),
        ")",
    ];
    // Patterns of find(1): a unit's name may have a backslash, and none of the other signs.
    const names = units.map((unit) => unit.replaceAll("\\", "\\\\"));
    const own = either(
        names.flatMap((unit) => [
            ["-name", unit],
            ["-path", `*/system.attached/${unit}.d/*`],
        ]),
    );
    const links = either(names.map((unit) => ["-lname", `*/system.attached/${unit}`]));
    return sh`
attached_paths() {
    find ${ATTACHED_DIRECTORIES} ${UNITS_DIRECTORY} /run/systemd/system -mindepth 1 -maxdepth 2 '(' -path '*/system.attached/*' ! -type d ${own} -o -type l ${links} ')' 2>/dev/null
    for path in /etc/portables/${`${name}.raw`} /etc/portables/${`${name}_`}* /run/portables/${`${name}_`}* ${extensionLinks}; do
        [ ! -L "$path" ] || printf '%s\\n' "$path"
    done
}
# Directories that it may have made for them, with further tests of find.
attached_dirs() {
    find ${ATTACHED_DIRECTORIES} ${UNITS_DIRECTORY} /run/systemd/system -mindepth 1 -maxdepth 1 -type d '(' -path '*/system.attached/*' -o -name '*.wants' -o -name '*.requires' ')' "$@" 2>/dev/null
}
`;
}

/**
 * `record_switch SERVING WHY` writes what the last switch wanted, and what serves: the commit point of a switch. Each
 * switch has an `id` of its own.
 */
export function switchRecordLibrary(name: string, wanted: Pick<Attachment, "path" | "profile">, id = ""): Shell {
    return sh`
service="$records/services"/${name} back=${backDirectory(name)}
fresh_switch() {
    printf 'token %s\\nurn %s\\nnonce %s\\nprofile %s\\nwanted %s\\nserving %s\\nwhy %s\\nswitch %s\\n' "$token" "$urn" "$nonce" ${wanted.profile} ${wanted.path} "$1" "$2" ${id} >"$service.new"
}
record_switch() {
    fresh_switch "$@" && sync "$service.new" && mv -f -- "$service.new" "$service" && sync "$records/services"
}
`;
}

/**
 * `arm_begin` begins to keep what is, beside what comes then; `arm` keeps all of it, with the program that puts it back,
 * and sets up boot unit and watch; after `arm_now` that is on the disk and in force, and the record says that a switch is
 * under way.
 */
export function arm(report: Report, name: string, owner: Owner, plan: SwitchPlan, id: string): Shell {
    return sh`
${attachedPathsLibrary(name, plan)}
# Nothing is in force before arm_now; the watch waits for the lock meanwhile.
arm_begin() {
    [ ! -e "$back" ] || rm -rf -- "$back"
    mkdir -m 0700 "$back" "$back/attached" || return
    systemd-run --quiet --no-block --collect --unit ${watchUnit(name, id)} --property DefaultDependencies=no \\
        /bin/sh -c ${WATCH} watch ${UNITS_DIRECTORY} "$back" ${bootLink(name)} ${`${UNITS_DIRECTORY}/${bootUnit(name)}`} &
    watching=$!
    attached_paths | xargs -r -d '\\n' cp -a --parents -t "$back/attached" -- &
    copying=$!
    attached_dirs >"$back/directories" &
    listing_dirs=$!
}
arm() {
    text ${goBack(report, name, owner, plan, id).text} >"$back/go-back.new" || return
    [ -d ${UNITS_DIRECTORY}/sysinit.target.wants ] || mkdir -p ${UNITS_DIRECTORY}/sysinit.target.wants
    printf '%s\\n' '[Unit]' ${`Description=Puts back ${name} after an update that nobody confirmed`} DefaultDependencies=no \\
        ${`RequiresMountsFor=/etc ${RECORDS_DIRECTORY}`} 'After=local-fs.target' 'Before=sysinit.target' '[Service]' Type=oneshot \\
        ${`ExecStart=/bin/sh -c '${atBoot(name)}'`} >${UNITS_DIRECTORY}/${bootUnit(name)} &&
        ln -sfn ${`../${bootUnit(name)}`} ${bootLink(name)} || return
    # find(1) fails where a directory isn't there, and has listed the others.
    wait "$listing_dirs"
    wait "$copying"
}
arm_now() {
    fresh_switch ${plan.previous?.path ?? "nothing"} "switch under way" &&
        files_sync "$service.new" ${UNITS_DIRECTORY}/${bootUnit(name)} ${UNITS_DIRECTORY} ${UNITS_DIRECTORY}/sysinit.target.wants &&
        wait "$watching" && mv -- "$back/go-back.new" "$back/go-back" && mv -f -- "$service.new" "$service" &&
        sync "$undo" "$records/files" "$back" "$records/services"
}
${disarmLibrary(name, id)}
`;
}

/**
 * `disarm`: after the commit point, or when all is back. The program goes first: half of what is kept is no way back. What
 * would tidy at boot goes last.
 */
export function disarmLibrary(name: string, id = ""): Shell {
    return sh`
disarm() {
    rm -f -- "$back/go-back" "$service.new"
    rm -rf -- "$back" ${bootLink(name)} ${UNITS_DIRECTORY}/${bootUnit(name)}
    ${id === "" ? undefined : sh`[ "\${reason-}" = watch ] || systemctl stop ${watchUnit(name, id)} 2>/dev/null`}
}
`;
}

/** What {@link watchUnit} runs. Where no way back is in force, yet or any more, what was made for one goes. */
const WATCH =
    'exec 9<"$1"; flock 9; [ ! -f "$2/go-back" ] || exec /bin/sh "$2/go-back" watch; rm -rf -- "$2" "$3" "$4"';

/** What the boot unit runs: the same, but for a switch that is alive, since then something else has started the unit. */
function atBoot(name: string): string {
    const back = backDirectory(name);
    const rest = `${back} ${bootLink(name)} ${UNITS_DIRECTORY}/${bootUnit(name)}`;
    return `[ ! -f ${back}/go-back ] || exec /bin/sh ${back}/go-back boot; exec flock -n -E 0 ${UNITS_DIRECTORY} rm -rf -- ${rest}`;
}

/** Transient unit that waits for the end of the switch: of this one, since that of a killed one may be there still. */
function watchUnit(name: string, id: string): string {
    return `pulumi-portable-${name}-watch-${id}.service`;
}

function unitsOf(plan: SwitchPlan): string[] {
    return [...new Set([...plan.leave, ...plan.units])];
}

/**
 * The program that puts back, run as `go-back failed | interrupted | watch | boot`, with the lock, which the watch gets
 * when the switch is dead. It can be run again after it was cut off.
 * Says `serving PATH` or `serving nothing TEXT`, and `undo-failed TEXT` for each step that didn't work.
 */
function goBack(report: Report, name: string, owner: Owner, plan: SwitchPlan, id: string): Shell {
    const { previous, before } = plan;
    const units = unitsOf(plan);
    const wereOff = units.filter((unit) => !isTemplate(unit) && !before.active.includes(unit));
    const services = before.active.filter((unit) => unit.endsWith(".service"));
    const others = before.active.filter((unit) => !unit.endsWith(".service"));
    return program(
        report,
        sh`
reason=$1 stirred=\${2-1} bad=
${filesLibrary(owner)}
${switchRecordLibrary(name, plan.image, id)}
${settleLibrary}
${attachedPathsLibrary(name, plan)}
${disarmLibrary(name, id)}
${aloneLibrary(name)}
undoing() {
    undone=$("$@" 2>&1) || { say undo-failed "$*"; printf '%s\\n' "$undone" | block undone; }
}
if [ "$reason" = boot ]; then
    # Not at boot but because something else was started: the switch is alive.
    exec 9<${UNITS_DIRECTORY}
    flock -n 9 || exit 0
fi
show_marks
# What the switch held in its variables is gone with it; a path without a file is one that it has dropped.
commit_recorded() {
    read_record "$record"
    while IFS= read -r path; do [ -e "$path" ] || [ -L "$path" ] || forget "path $path"; done <<END
$(recorded)
END
    files_commit
}
if [ "$(grep -csFx -e 'why confirmed' -e ${`switch ${id}`} "$service")" = 2 ]; then commit_recorded; disarm; exit 0; fi
${plan.beforeSwitch === undefined ? undefined : stopBeforeSwitch(name)}
[ -d "$back/attached" ] || { disarm; exit 0; }
${
    plan.isKeptOnceMigrated
        ? sh`
if [ -e "$back/migrated" ]; then
    record_switch nothing "stopped ($reason): the data is migrated"
    commit_recorded
    disarm
    say serving kept
    exit 0
fi`
        : undefined
}
say step "putting back what was before"
if [ "$reason" != boot ] && [ -n "$stirred" ]; then
    ${when(wereOff, (off) => sh`undoing systemctl stop -- $(systemctl list-units --plain --no-legend --all -- ${off} | cut -d ' ' -f 1)`)}
fi
attached_paths | while IFS= read -r path; do rm -f -- "$path"; done
(cd "$back/attached" && find . '(' -type f -o -type l ')' | while IFS= read -r path; do
    mkdir -p -- "/\${path%/*}" && cp -aT -- "$path" "/$path"
done) || say undo-failed "copying back the attached units"
# All that weren't there before, those too that a run which was cut off has emptied.
attached_dirs -empty | grep -vxF -f "$back/directories" | xargs -r -d '\\n' rmdir --
[ ! -f "$undo/list" ] || files_undo
attached_paths | sync_listed
undoing systemctl daemon-reload
${
    previous === undefined
        ? sh`
${when(wereOff, (off) => sh`systemctl reset-failed -- ${off} 2>/dev/null`)}
empty_dirs "$record"
record_switch nothing "went back ($reason)"
say serving nothing
`
        : sh`
if [ "$reason" = boot ]; then
    ${when(
        before.active.filter((unit) => before.enabled.includes(unit)),
        (active) => sh`undoing systemctl start --no-block -- ${active}`,
    )}
    record_switch ${previous.path} "went back ($reason)"
    disarm
    exit 0
fi
if [ -n "$stirred" ]; then
    ${when(services, (active) => sh`systemctl reset-failed -- ${active} 2>/dev/null`)}
    ${when(
        plan.restartSockets,
        (sockets) => sh`
    ${when(services, (active) => sh`undoing systemctl stop -- ${active}`)}
    undoing systemctl restart -- ${sockets}`,
    )}
    ${when(others, (active) => sh`undoing systemctl start -- ${active}`)}
    ${when(services, (active) => sh`undoing systemctl restart -- ${active}`)}
fi
if settle ${before.active}; then
    record_switch ${previous.path} "went back ($reason)"
    say serving ${previous.path}
else
    record_switch nothing "went back ($reason), but $bad is $ActiveState"
    say serving nothing "$bad is $ActiveState ($SubState)"
fi
`
}
disarm
[ "$reason" = failed ] || rmdir "$records/files" "$records/services" "$records" 2>/dev/null
`,
    );
}

/** A program part for a list of units, a command that does nothing for an empty one. */
export function when(units: readonly string[], part: (units: string[]) => Shell): Shell {
    return units.length === 0 ? sh`:` : part([...units]);
}
