-- Ages above 89 years are one age; what is no age is null.

with ages as (
    select '089Y' as age, '089Y' as expected
    union all
    select '090Y', '090Y'
    union all
    select '104Y', '090Y'
    union all
    select ' 006m ', '006M'
    union all
    select '45', null
    union all
    select 'DOE^JANE', null
    union all
    select null, null
)

select *
from ages
where coalesce({{ age_cap('age') }}, 'none') != coalesce(expected, 'none')
