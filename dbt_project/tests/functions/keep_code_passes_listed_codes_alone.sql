-- A code in upper case, a maker under one name, an identifier not at all.

with codes as (
    select 'mr' as modality, 'Philips Medical Systems' as maker, 'MR' as code,
        'PHILIPS' as name
    union all
    select 'PAT12345', 'Hospital of Doe', null, 'OTHER'
)

select *
from codes
where
    coalesce({{ keep_code('modality', 'varchar(16)', 'modality') }}, 'none')
    != coalesce(code, 'none')
    or {{ keep_code('maker', 'varchar(64)', 'maker') }} != name
