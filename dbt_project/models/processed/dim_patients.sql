-- One row per patient.

with patients as (
    select * from {{ ref('stg_patients') }}
)

select
    {{ columns_of([('stg_patients', 'patients')]) }}
from patients
