import beforeSwitch from "../sh/before-switch.sh";
import { header, type Shell, sh, shellFile } from "../shell";

/** A command of the new image that runs before its services do, for example a migration of the data. */
export interface BeforeSwitch {
    command: string[];
    /** Service of the image whose sandbox, user, directories and environment the command gets. */
    unit: string;
}

/** Defines `before_switch`, for the unit $before_unit. */
export function beforeSwitchLibrary({ command, unit }: BeforeSwitch): Shell {
    return sh`
${header({ like_unit: unit, before_command: command[0], before_override: override(command) })}
${shellFile(beforeSwitch)}
`;
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
        // The command is killed soon after its time limit, whatever the unit sets
        "TimeoutStopSec=5",
        "SendSIGKILL=yes",
        // systemd would remove the running service's directory when the clone ends
        "RuntimeDirectory=",
        ...emptied.map((key) => `${key}=`),
        `ExecStart=${execLine(command)}`,
        "",
    ].join("\n");
}

/** Name of the unit that runs the command. */
export function beforeUnit(name: string): string {
    return `pulumi-portable-before-${name}.service`;
}

/** A command line for ExecStart= whose words are literal (systemd.service(5), "COMMAND LINES"). */
function execLine(command: readonly string[]): string {
    return command
        .map(
            (word) =>
                `"${word.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$").replaceAll("\n", "\\n")}"`,
        )
        .join(" ");
}
