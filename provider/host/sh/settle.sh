show_state() {
    systemctl show -p Id,LoadState,ActiveState,SubState,Result,Type,NRestarts,CanStart,CanStop,CanReload,RootImage,MainPID,FragmentPath,DropInPaths,Triggers,Accept,Transient,Job -- "$@"
}
clear_state() {
    Id= LoadState= ActiveState= SubState= Result= Type= NRestarts=0 CanStart= CanStop= CanReload= RootImage= MainPID=
    FragmentPath= DropInPaths= Triggers= Accept= Transient=
}
set_property() {
    case $1 in
        Id) Id=$2 ;;
        LoadState) LoadState=$2 ;;
        ActiveState) ActiveState=$2 ;;
        SubState) SubState=$2 ;;
        Result) Result=$2 ;;
        Type) Type=$2 ;;
        NRestarts) NRestarts=$2 ;;
        CanStart) CanStart=$2 ;;
        CanStop) CanStop=$2 ;;
        CanReload) CanReload=$2 ;;
        RootImage) RootImage=$2 ;;
        MainPID) MainPID=$2 ;;
        FragmentPath) FragmentPath=$2 ;;
        DropInPaths) DropInPaths=$2 ;;
        Triggers) Triggers=$2 ;;
        Accept) Accept=$2 ;;
        Transient) Transient=$2 ;;
    esac
}
# read_state UNIT sets the variables of clear_state to the properties of the unit.
read_state() {
    clear_state
    while IFS='=' read -r key value; do set_property "$key" "$value"; done <<END
$(show_state "$1")
END
}
# set_load_error UNIT sets $output to why systemd refuses the unit: systemctl shows the name of an error, and a text in quotes.
set_load_error() {
    output=$(systemctl show -p LoadError --value -- "$1")
    output=${output#* \"} output=${output%\"} output=${output%.}
}
# check_unit returns 1 if the unit that was just read has failed. It sets $pending while the unit is starting, and
# $checks_left if its type doesn't report that it is ready (Type=simple and the like): such a unit must stay up for a second.
check_unit() {
    case $ActiveState/$SubState/$Type/$Result in
        */auto-restart*) return 1 ;;
        active/*) [ "$NRestarts" = 0 ] || [ -z "$NRestarts" ] || return 1 ;;
        inactive/*/oneshot/success) ;;
        activating/*|reloading/*|deactivating/*) pending=$Id ;;
        *) return 1 ;;
    esac
    case $Type in simple|exec|idle|forking) [ -n "$checks_left" ] || checks_left=5 ;; esac
    settled="$settled$Id $MainPID $FragmentPath $RootImage
"
}
# settle UNIT... waits until every unit is started or has done its work, 90 seconds at most. Otherwise it returns 1 with the
# state of the first unit that isn't, named in $bad. $settled has a line `UNIT MAINPID FRAGMENTPATH ROOTIMAGE` for each.
# $stable_ticks is the time that they must stay up, $settle_polls the time limit, both in fifths of a second.
settle() {
    checks_left=${stable_ticks-} polls_left=${settle_polls-450}
    [ $# != 0 ] || return 0
    while :; do
        pending= settled=
        clear_state
        while IFS='=' read -r key value; do
            if [ -n "$key" ]; then set_property "$key" "$value"; continue; fi
            check_unit || { bad=$Id; return 1; }
            clear_state
        done <<END
$(show_state "$@")

END
        if [ -z "$pending" ]; then
            [ "${checks_left:-0}" -gt 0 ] || return 0
            checks_left=$((checks_left - 1))
        else
            polls_left=$((polls_left - 1))
            [ "$polls_left" -gt 0 ] || { read_state "$pending"; bad=$pending; return 1; }
        fi
        sleep 0.2
    done
}
