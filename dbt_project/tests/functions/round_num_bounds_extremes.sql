-- Rounded to the step, held between the bounds; nothing and less is null.

with weights as (
    select 71.9 as weight, 70 as expected
    union all
    select 212.0, 150
    union all
    select 0.9, 2
    union all
    select 0.0, null
)

select *
from weights
where
    coalesce({{ round_num('weight', 'decimal(5,0)', '5 2 150') }}, -1)
    != coalesce(expected, -1)
