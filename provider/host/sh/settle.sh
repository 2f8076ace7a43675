shown() { systemctl show -p Id,ActiveState,SubState,Result,Type,NRestarts,CanReload,RootImage,MainPID -- "$@"; }
forget_unit() { Id= ActiveState= SubState= Result= Type= NRestarts=0 CanReload= RootImage= MainPID=; }
property() {
    case $1 in
        Id) Id=$2 ;;
        ActiveState) ActiveState=$2 ;;
        SubState) SubState=$2 ;;
        Result) Result=$2 ;;
        Type) Type=$2 ;;
        NRestarts) NRestarts=$2 ;;
        CanReload) CanReload=$2 ;;
        RootImage) RootImage=$2 ;;
        MainPID) MainPID=$2 ;;
    esac
}
look() {
    forget_unit
    while IFS='=' read -r key value; do property "$key" "$value"; done <<END
$(shown "$1")
END
}
judge() {
    case $ActiveState/$SubState/$Type/$Result in
        */auto-restart*) return 1 ;;
        active/*) [ "$NRestarts" = 0 ] || [ -z "$NRestarts" ] || return 1 ;;
        inactive/*/oneshot/success) ;;
        activating/*|reloading/*|deactivating/*) pending=$Id ;;
        *) return 1 ;;
    esac
    case $Type in simple|exec|idle|forking) [ -n "$calm" ] || calm=5 ;; esac
    settled="$settled$Id $MainPID $RootImage
"
}
settle() {
    calm=${stable_ticks-} patience=450
    [ $# != 0 ] || return 0
    while :; do
        pending= settled=
        forget_unit
        while IFS='=' read -r key value; do
            if [ -n "$key" ]; then property "$key" "$value"; continue; fi
            judge || { bad=$Id; return 1; }
            forget_unit
        done <<END
$(shown "$@")

END
        if [ -z "$pending" ]; then
            [ "${calm:-0}" -gt 0 ] || return 0
            calm=$((calm - 1))
        else
            patience=$((patience - 1))
            [ "$patience" -gt 0 ] || { look "$pending"; bad=$pending; return 1; }
        fi
        sleep 0.2
    done
}
