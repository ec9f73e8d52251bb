-- Ages above 89 years are one age; what is no age is null.

with ages as (
    select given.*
    from (
        values
        ('089Y', '089Y'),
        ('090Y', '090Y'),
        ('104Y', '090Y'),
        (' 006m ', '006M'),
        ('45', null),
        ('DOE^JANE', null),
        (null, null)
    ) as given (age, expected)
)

select *
from ages
where coalesce({{ age_cap('age') }}, 'none') != coalesce(expected, 'none')
