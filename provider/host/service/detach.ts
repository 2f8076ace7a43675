import { ATTACHED_DIRECTORIES, UNITS_DIRECTORY } from "../../systemd/paths";
import { filesLibrary } from "../files";
import { sweepLibrary } from "../image";
import type { Owner } from "../owner";
import { aloneLibrary } from "../portabled-252";
import { lock } from "../program";
import { type Shell, sh } from "../shell";
import { disarmLibrary, switchRecordLibrary } from "./back";
import { showUnitsLibrary } from "./look";

/**
 * Nothing of the service stays: units stopped (instances of templates too) and disabled, the image detached, dangling
 * links of `attach --enable` and our files removed. Acts only on the machine and while the record is of this creation:
 * else it says `other-machine`, or `superseded`. Says `failed TEXT` with the block `said`, or `done`.
 */
export function detachService(name: string, owner: Owner, machineId: string): Shell {
    return sh`
[ "$(cat /etc/machine-id)" = ${machineId} ] || { say other-machine; exit 0; }
${lock}
${showUnitsLibrary}
${sweepLibrary}
${filesLibrary(owner)}
${switchRecordLibrary(name, { path: "nothing", profile: "" })}
${aloneLibrary(name)}
if [ -s "$service" ] && ! grep -qFx -- "nonce $nonce" "$service"; then
    say superseded; exit 0
fi
${disarmLibrary(name)}
if [ -f "$back/go-back" ]; then sh "$back/go-back" interrupted; else disarm; fi
show_marks
attempt() {
    what=$1; shift
    say step "$what"
    said=$("$@" 2>&1) || { say failed "$what"; printf '%s\\n' "$said" | block said; exit 1; }
}
attached ${name}
units=$attached_units image=$attached_image runtime=
extensions=$(printf '%s' "$attached_extensions" | sed 's|:/| --extension /|g')
case $attached_lines in *" /run/systemd/system.attached "*) runtime=--runtime ;; esac
if [ -n "$units" ]; then
    # Sockets first: a connection would start the service again.
    stoppable=$(printf '%s\\n' $units | sed 's/@\\./@*./')
    attempt ${`stopping ${name}`} systemctl stop -- $(printf '%s\\n' $stoppable | grep -v '\\.service$') $(printf '%s\\n' $stoppable | grep '\\.service$')
    attempt ${`disabling ${name}`} systemctl disable $runtime -- $units
    for directory in ${ATTACHED_DIRECTORIES}; do
        for link in "$directory"/*.wants/* "$directory"/*.requires/*; do
            for unit in $units; do
                [ "\${link##*/}" != "$unit" ] || rm -f -- "$link"
            done
        done
        rmdir "$directory"/*.wants "$directory"/*.requires 2>/dev/null
    done
    attempt ${`detaching ${name}`} alone portablectl -q detach $runtime $extensions -- "$image"
fi
# Who detaches by hand leaves the links of [Install] dangling.
find ${UNITS_DIRECTORY} -maxdepth 2 -xtype l -lname ${`/*/systemd/system.attached/${name}[.@-]*`} | while IFS= read -r link; do
    rm -f -- "$link"
    rmdir -- "\${link%/*}" 2>/dev/null
done
remove_all
rm -f -- "$service"
systemctl daemon-reload
for unit in $units; do systemctl reset-failed -- "$unit" 2>/dev/null; done
sweep
say done
`;
}
