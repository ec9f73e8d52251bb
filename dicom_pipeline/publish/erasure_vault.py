"""One patient taken out of the vault of random names."""

from collections.abc import Collection
from dataclasses import dataclass

from dicom_pipeline.deid.vault import Entry
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.erasure_find import Found
from dicom_pipeline.resources.purge import purge_old
from dicom_pipeline.resources.vault import Vault

_OF_RENDER = 1  # part of a render's text: SOP Instance UID


@dataclass(frozen=True)
class VaultErasure:
    """Takes patients out of one vault.

    Attributes:
        vault: The vault; nobody may ever have been named from it.
        raw: Bucket that it lies in.
    """

    vault: Vault
    raw: Bucket

    def forget(
        self, found: Found, devices: Collection[str], uids: Collection[str]
    ) -> dict[str, int]:
        """Remove his names, and every version of the objects that held them.

        Args:
            found: Him.
            devices: Those of which no row is left.
            uids: What his headers hold besides; another's that is among them gets a
                new name with the next build.
        """
        if not self.vault.exists:
            return {}
        every = {*found.sop_uids, *found.study_uids, *found.series_uids, *uids}

        def is_his(entry: Entry) -> bool:
            if entry.domain == "patient_id":
                return entry.text == found.identity
            if entry.domain == "device":
                return entry.text in devices
            if entry.domain == "render":
                return entry.text.split("\x1f")[_OF_RENDER] in every
            return entry.text in every

        gone, changed = self.vault.forget(is_his, "erasure")
        for key in changed:
            purge_old(self.raw, key)
        return {"vault_entries": gone}
