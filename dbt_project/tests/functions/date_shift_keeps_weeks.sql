-- Two dates of one patient stay as far apart as they were, on the same weekday, and no
-- date of the profile research stays where it was.

with dates as (
    select
        cast('2024-01-31' as date) as first_date,
        cast('2024-03-06' as date) as second_date,
        cast(1449 as integer) as shift_days
),

shifted as (
    select
        first_date,
        second_date,
        {{ date_shift('first_date', 'shift_days', 'research') }} as first_shifted,
        {{ date_shift('second_date', 'shift_days', 'research') }} as second_shifted,
        {{ date_shift('first_date', 'shift_days', 'limited') }} as first_kept
    from dates
)

select *
from shifted
where
    second_shifted - first_shifted != second_date - first_date
    or mod(first_date - first_shifted, 7) != 0
    or first_shifted >= first_date
    or first_kept != first_date
