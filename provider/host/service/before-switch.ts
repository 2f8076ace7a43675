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
        // Once its time is over it ends soon, whatever the unit says
        "TimeoutStopSec=5",
        "SendSIGKILL=yes",
        // The running service owns it: systemd would remove it when the clone ends
        "RuntimeDirectory=",
        ...emptied.map((key) => `${key}=`),
        `ExecStart=${execLine(command)}`,
        "",
    ].join("\n");
}

/** The service that runs the command. */
export function beforeUnit(name: string): string {
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
