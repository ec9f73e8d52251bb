-- Rounded to the step, held between the bounds; nothing and less is null.

with weights as (
    select given.*
    from (
        values
        (71.9, 70),
        (212.0, 150),
        (0.9, 2),
        (0.0, null),
        (null, null)
    ) as given (weight, expected)
)

select *
from weights
where
    coalesce({{ round_num('weight', 'decimal(5,0)', '5 2 150') }}, -1)
    != coalesce(expected, -1)
