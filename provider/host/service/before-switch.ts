import { ATTACHED_DIRECTORIES, UNITS_DIRECTORY } from "../../systemd/paths";
import { encoded } from "../files";
import { type Shell, sh } from "../shell";

/** A command of the new image that runs before its services do, for example a migration of the data. */
export interface BeforeSwitch {
    command: string[];
    /** Service of the image whose sandbox, user, directories and environment the command gets. */
    unit: string;
}

/**
 * `before_switch` runs the command as a service that is like the unit in all but what it starts: its text and drop-ins,
 * ours and the profile among them, and one drop-in after all others. The old service runs on meanwhile. What the
 * command prints is in the journal of the clone.
 */
export function beforeSwitchLibrary(name: string, { command, unit }: BeforeSwitch): Shell {
    const clone = cloneUnit(name);
    return sh`
before_switch() {
    clone=/run/systemd/system/${clone}
    rm -rf -- "$clone.d" && mkdir -p "$clone.d" || return
    for directory in ${ATTACHED_DIRECTORIES} ${UNITS_DIRECTORY}; do
        [ ! -f "$directory"/${unit} ] || cp -L -- "$directory"/${unit} "$clone"
        for conf in "$directory"/${`${unit}.d`}/*.conf; do
            [ ! -f "$conf" ] || cp -L -- "$conf" "$clone.d/" || return
        done
    done
    user=$(systemctl show -p User --value -- ${unit})
    [ -n "$user" ] || [ "$(systemctl show -p DynamicUser --value -- ${unit})" != yes ] || user=${unit.replace(/[@.].*$/, "")}
    {
        base64 -d <<END
${encoded(Buffer.from(override(command)))}
END
        [ -z "$user" ] || echo "User=$user"
    } >"$clone.d/zzz-before-switch.conf" || return
    systemctl daemon-reload && systemctl start -- ${clone}
    status=$?
    journalctl --no-pager -q -o cat -n 15 --since "$(since_then)" -u ${clone} 2>/dev/null
    rm -rf -- "$clone" "$clone.d"
    systemctl daemon-reload
    systemctl reset-failed -- ${clone} 2>/dev/null
    return $status
}
`;
}

/** Where the run was killed the command goes on: it ends before the old service is to have its data again. */
export function stopBeforeSwitch(name: string): Shell {
    const clone = cloneUnit(name);
    return sh`
if [ -e /run/systemd/system/${clone} ]; then
    systemctl stop -- ${clone} 2>/dev/null
    rm -rf -- /run/systemd/system/${clone} /run/systemd/system/${`${clone}.d`}
fi`;
}

function override(command: readonly string[]): string {
    const emptied = ["ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"];
    return [
        "[Unit]",
        "StartLimitIntervalSec=0",
        "[Service]",
        "Type=oneshot",
        "RemainAfterExit=no",
        "Restart=no",
        // It is the running service that has it: the end of the clone would take it away
        "RuntimeDirectory=",
        ...emptied.map((key) => `${key}=`),
        `ExecStart=${execLine(command)}`,
        "",
    ].join("\n");
}

function cloneUnit(name: string): string {
    return `pulumi-portable-before-${name}.service`;
}

/** One command of an Exec line (systemd.service(5), "COMMAND LINES"): each word literal. */
function execLine(command: readonly string[]): string {
    return command
        .map(
            (word) =>
                `"${word.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$").replaceAll("\n", "\\n")}"`,
        )
        .join(" ");
}
