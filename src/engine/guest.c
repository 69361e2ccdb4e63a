/* guest.c - see guest.h */
#include "engine/guest.h"

void dmx_guest_free(dmx_guest *guest)
{
    dmx_network_free(guest->network);
    *guest = (dmx_guest){.member = -1};
}

demucs_status dmx_guest_load(dmx_guest *guest, const demucs_model *model, int member, const dmx_kernels *kernels,
                             bool bf16, demucs_error *error)
{
    if (guest->network != NULL && guest->member == member) return DEMUCS_OK;
    dmx_guest_free(guest);
    demucs_status status = dmx_member_reload(&guest->network, &model->members[member], error);
    if (status != DEMUCS_OK) return status;
    guest->member = member;
    if (!bf16 || dmx_network_add_bf16(guest->network, kernels)) return DEMUCS_OK;
    dmx_guest_free(guest);
    return dmx_fail(error, DEMUCS_ERROR_MEMORY, "%s: out of memory while loading the model.",
                    model->members[member].path);
}
