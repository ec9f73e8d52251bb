-- One row per series: what its instance numbers say, and what its headers promise.

{{ config(materialized = 'ephemeral', contract = {'enforced': false}) }}

with places as (
    select * from {{ ref('series_places') }}
),

repeated as (
    select
        series_instance_uid,
        sum(images - 1) as repeated
    from (
        select
            series_instance_uid,
            count(*) as images
        from places
        where instance_number is not null
        group by series_instance_uid, acquisition_number, instance_number
    ) as numbers
    group by series_instance_uid
),

numbers as (
    select
        series_instance_uid,
        count(*) as images,
        sum(frames) as frames,
        count(distance_mm) as placed,
        count(*) - count(instance_number) as unnumbered,
        min(instance_number) as first_number,
        max(instance_number) as last_number,
        max(instance_number) - min(instance_number) + 1
        - count(distinct instance_number) as missing_by_number,
        -- One promise for all: where images differ, it is about less than the series.
        case
            when
                min(number_of_series_related_instances)
                = max(number_of_series_related_instances)
                then max(number_of_series_related_instances)
        end as of_series,
        case
            when
                min(in_concatenation_total_number) = max(in_concatenation_total_number)
                then max(in_concatenation_total_number)
        end as of_concatenation,
        case
            when
                min(images_in_acquisition) = max(images_in_acquisition)
                and count(distinct acquisition_number) < 2
                then max(images_in_acquisition)
        end as of_acquisition
    from places
    group by series_instance_uid
)

select
    numbers.*,
    coalesce(repeated.repeated, 0) as repeated
from numbers
left join repeated on numbers.series_instance_uid = repeated.series_instance_uid
