-- No identity, no key: strangers without an identity do not become one patient. Equal
-- identities of two classes do not link.

with identities as (
    select given.*
    from (
        values
        (cast(null as varchar), cast(null as varchar)),
        ('ISS 1', 'ISS 1')
    ) as given (patient_identity, device_identity)
),

keyed as (
    select
        identities.patient_identity,
        {{ surrogate_key('patient_id', 'identities') }} as patient_key,
        {{ surrogate_key('device', 'identities') }} as device_key
    from identities
)

select *
from keyed
where
    (patient_identity is null) != (patient_key is null)
    or patient_key = device_key
    or length(patient_key) != 64
