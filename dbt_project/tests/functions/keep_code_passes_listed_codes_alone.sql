-- A code in upper case, a maker under one name, an identifier not at all.

with codes as (
    select given.*
    from (
        values
        ('mr', 'Philips Medical Systems', 'MR', 'PHILIPS'),
        ('PAT12345', 'Hospital of Doe', null, 'OTHER')
    ) as given (modality, maker, expected_modality, expected_maker)
)

select *
from codes
where
    coalesce({{ keep_code('modality', 'varchar(16)', 'modality') }}, 'none')
    != coalesce(expected_modality, 'none')
    or {{ keep_code('maker', 'varchar(64)', 'maker') }} != expected_maker
